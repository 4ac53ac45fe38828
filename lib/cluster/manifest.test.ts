import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { generateSealingPair } from '#lib/config/keys.ts';
import { joinManifest, joinObjects } from './manifest.ts';

const joining = {
  installationId: 'i-test',
  invitationId: 'ci-test',
  code: 'abcdefgh',
  portalUrl: 'https://portal.example',
  sealingKeyPem: generateSealingPair().sealingKeyPem,
  image: 'docker.io/library/node:24-alpine',
};

const documentsOf = (text: string) => parseAllDocuments(text).map((document) => document.toJS() as { kind: string });

test('the manifest parses to exactly the objects it was made of', () => {
  expect(documentsOf(joinManifest(joining))).toEqual(JSON.parse(JSON.stringify(joinObjects(joining))));
});

test('no value can add a line, let alone an object', () => {
  const nasty = '"\n---\nkind: ClusterRoleBinding\nroleRef: {name: cluster-admin}\n#';
  const injected = joinManifest({ ...joining, portalUrl: nasty, image: nasty, code: nasty, invitationId: nasty });
  expect(documentsOf(injected).map(({ kind }) => kind)).toEqual(joinObjects(joining).map(({ kind }) => kind));
});

test('the Job runs without privilege and its account may mint two tokens and read one namespace', () => {
  const objects = joinObjects(joining);
  const rules = objects
    .filter(({ metadata }) => metadata.name.includes('join'))
    .flatMap(({ rules }) => (rules as { resources: string[]; resourceNames: string[]; verbs: string[] }[] | undefined) ?? []);
  expect(rules.map(({ resources, resourceNames, verbs }) => [resources, resourceNames, verbs])).toEqual([
    [['namespaces'], ['kube-system'], ['get']],
    [['serviceaccounts/token'], ['gatehouse-door', 'gatehouse-reconciler'], ['create']],
  ]);
  const job = JSON.stringify(objects.find(({ kind }) => kind === 'Job'));
  for (const hard of ['"runAsNonRoot":true', '"allowPrivilegeEscalation":false', '"readOnlyRootFilesystem":true', '"drop":["ALL"]']) {
    expect(job).toContain(hard);
  }
});
