import { expect, test } from 'vitest';
import { rulesFromYaml, rulesToYaml } from './rules-yaml.ts';

const readPods = { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] };

test('rules survive being written and read', () => {
  expect(rulesFromYaml(rulesToYaml([readPods]))).toEqual({ rules: [readPods] });
  expect(rulesFromYaml(rulesToYaml([]))).toEqual({ rules: [] });
});

test('a pasted ClusterRole gives its rules', () => {
  expect(
    rulesFromYaml(`kind: ClusterRole\nmetadata: {name: x}\nrules:\n- apiGroups: [""]\n  resources: [pods]\n  verbs: [get, list]\n`),
  ).toEqual({
    rules: [readPods],
  });
});

test('a rule that cannot be read is named by its number and what it lacks', () => {
  expect(rulesFromYaml('- apiGroups: [""]\n  resources: [pods]')).toEqual({
    problem: 'Rule 1 needs verbs, a list with at least one entry.',
  });
  expect(rulesFromYaml('- {apiGroups: [""], resources: [pods], verbs: [get], selector: x}')).toEqual({
    problem: expect.stringContaining('“selector”'),
  });
  expect(rulesFromYaml('hello')).toEqual({ problem: expect.stringContaining('Write a list of rules') });
  expect(rulesFromYaml('[a, ')).toEqual({ problem: expect.stringContaining('not YAML') });
});

test('anchors cannot make a small text a large one', () => {
  expect(rulesFromYaml('- &a {apiGroups: [""], resources: [pods], verbs: [get]}\n- *a')).toHaveProperty('problem');
});
