import { expect, test } from 'vitest';
import { labelsOf, type PlaceDraft, scopeOf } from './choices.ts';

const nothing: PlaceDraft = { kind: 'project', clusterId: '', projectId: '', namespaces: '', label: '' };

test('a place that is not chosen to its end is no place', () => {
  expect(scopeOf(nothing)).toBeNull();
  expect(scopeOf({ ...nothing, kind: 'namespaces', namespaces: ' , ' })).toBeNull();
  expect(scopeOf({ ...nothing, kind: 'labels', label: 'env' })).toBeNull();
});

test('namespaces are typed with commas or spaces, and hold on one cluster, on labelled ones, or on all that have them', () => {
  const named = { ...nothing, kind: 'namespaces' as const, namespaces: 'shop, payments' };
  expect(scopeOf(named)).toEqual({ kind: 'namespaces', namespaces: ['shop', 'payments'] });
  expect(scopeOf({ ...named, clusterId: 'c-east' })).toEqual({ kind: 'namespaces', namespaces: ['shop', 'payments'], clusterId: 'c-east' });
  expect(scopeOf({ ...named, label: 'env=prod' })).toEqual({
    kind: 'namespaces',
    namespaces: ['shop', 'payments'],
    selector: { env: 'prod' },
  });
});

test('each label is offered once, however many clusters have it', () => {
  const cluster = (name: string, env: string) => ({ id: name, name, labels: { env } });
  expect(labelsOf([cluster('a', 'prod'), cluster('b', 'prod'), cluster('c', 'dev')])).toEqual(['env=dev', 'env=prod']);
});
