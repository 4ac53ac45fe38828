import { describe, expect, test } from 'vitest';
import { Answer } from '../answers.ts';
import type { Desk } from '../desk.ts';
import { impersonate } from './impersonate.ts';
import type { Scoped } from './own-namespaces.ts';
import { parseTarget } from './target.ts';

const desk = {
  world: { installation: { id: 'i-1' } },
  doorCredentials: { token: async () => 'door-token' },
} as unknown as Desk;
const group = (n: number) => `gatehouse:i-1:s-${n}:r-viewer`;

function asking({
  wireName = 'gatehouse:alice@corp.example',
  objectGuid = '00000000-0000-4000-8000-000000000001',
  groups = [group(1)],
} = {}) {
  return impersonate(
    {
      arrival: { id: 'a-1', method: 'GET' },
      target: parseTarget('/clusters/east/version'),
      headers: { passed: ['Accept', 'a'], body: { kind: 'none' }, upgrade: null },
      person: { wireName, objectGuid },
      cluster: { id: 'k-1', serverUrl: 'https://east:6443' },
      platformGroups: groups,
      shownNamespaces: null,
    } as unknown as Scoped,
    desk,
  );
}

const refusal = (wanted: Parameters<typeof asking>[0]) =>
  asking(wanted).then(
    () => null,
    (error: unknown) => (error instanceof Answer ? error.facts.status : error),
  );

const linesOf = async (wanted: Parameters<typeof asking>[0]) => {
  const { headers } = (await asking(wanted)).call;
  return headers.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${headers[i + 1]}`] : []));
};

test('the head is our account, the person, their groups one line each, and what was let through (SECURITY 2, 6)', async () => {
  expect(await linesOf({ groups: [group(1), group(2)] })).toEqual([
    'Host: east:6443',
    'Authorization: Bearer door-token',
    'Impersonate-User: gatehouse:alice@corp.example',
    'Impersonate-Uid: 00000000-0000-4000-8000-000000000001',
    `Impersonate-Group: ${group(1)}`,
    `Impersonate-Group: ${group(2)}`,
    'Impersonate-Group: system:authenticated',
    'Audit-Id: a-1',
    'Accept: a',
    'Connection: keep-alive',
  ]);
});

test('as many groups as may be sent are all sent; one more is 403, never a part of them (F26)', async () => {
  const groups = (count: number) => Array.from({ length: count }, (_, i) => group(i));
  expect((await linesOf({ groups: groups(500) })).filter((line) => line.startsWith('Impersonate-Group: gatehouse:'))).toHaveLength(500);
  expect(await refusal({ groups: groups(501) })).toBe(403);
});

describe('nothing goes out under a name that is not ours (SECURITY 5, 6)', () => {
  test.each([
    'system:admin',
    'system:kube-controller-manager',
    'System:admin',
    'alice',
    ':alice',
    'gatehouse:',
    'gatehouse:a b',
    'gatehouse:a\tb',
    'gatehouse:a\nb',
    'gatehouse:a\r\nImpersonate-Group: system:masters',
    'gatehouse:a\n',
    'gatehouse:\u007f',
    'gatehouse:m\u00fcller',
    'gatehouse:\u212Aelvin',
    `gatehouse:${'a'.repeat(401)}`,
  ])('the name %j', async (wireName) => {
    expect(await refusal({ wireName })).toBe(500);
  });

  test.each([
    'system:masters',
    'gatehouse:i-2:s-1:r-viewer',
    'gatehouse:i-1:s-1:r-viewer\r\nX: y',
    'gatehouse:i-1:a,system:masters',
    'gatehouse:i-1:\u00e9',
    'gatehouse:i-1:s 1',
    '',
  ])('the group %j', async (name) => {
    expect(await refusal({ groups: [name] })).toBe(500);
  });

  test.each(['', 'x', '00000000-0000-4000-8000-00000000000\n', '0'.repeat(35)])('the GUID %j', async (objectGuid) => {
    expect(await refusal({ objectGuid })).toBe(500);
  });
});
