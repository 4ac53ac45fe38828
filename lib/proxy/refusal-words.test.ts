import { describe, expect, test } from 'vitest';
import { ownRefusalIn, statusMessageIn } from './refusal-words.ts';

const us = 'system:serviceaccount:gatehouse-system:gatehouse-door';
const alice = 'gatehouse:alice@corp.example';

describe('whom a refusal is about', () => {
  test('our account: classic and constrained, groups apart from the rest', () => {
    const classic = (resource: string) =>
      `${resource} "x" is forbidden: User "${us}" cannot impersonate resource "${resource}" in API group "" at the cluster scope`;
    const constrained = (resource: string) =>
      `${resource}.authentication.k8s.io "x" is forbidden: User "${us}" cannot impersonate:user-info resource "${resource}" in API group "authentication.k8s.io" at the cluster scope`;
    for (const words of [classic, constrained]) {
      expect(ownRefusalIn(words('users'))).toEqual({ of: 'account' });
      expect(ownRefusalIn(words('uids'))).toEqual({ of: 'account' });
      expect(ownRefusalIn(words('groups'))).toEqual({ of: 'groups' });
    }
  });

  test('the ceiling, with the words that the person is owed', () => {
    const refused = (words: string) => {
      const found = ownRefusalIn(words);
      return found?.of === 'ceiling' ? found.words(alice) : found;
    };
    expect(
      refused(
        `secrets is forbidden: User "${us}" cannot impersonate-on:user-info:list resource "secrets" in API group "" in the namespace "shop"`,
      ),
    ).toBe(`secrets is forbidden: User "${alice}" cannot list resource "secrets" in API group "" in the namespace "shop"`);
    expect(refused(`forbidden: User "${us}" cannot impersonate-on:user-info:get path "/metrics"`)).toBe(
      `forbidden: User "${alice}" cannot get path "/metrics"`,
    );
  });

  test('the person, although the name of what they asked for tells the story of our account', () => {
    const story = `x" is forbidden: User "${us}" cannot impersonate resource "users`;
    const message = `pods "${story}" is forbidden: User "${alice}" cannot get resource "pods" in API group "" in the namespace "shop"`;
    expect(ownRefusalIn(message)).toBeNull();
    const inTheNamespace = `pods is forbidden: User "${alice}" cannot list resource "pods" in API group "" in the namespace ${JSON.stringify(`a forbidden: User "${us}" cannot impersonate`)}`;
    expect(ownRefusalIn(inTheNamespace)).toBeNull();
    expect(ownRefusalIn(`User "${us}" cannot impersonate`)).toBeNull();
    expect(ownRefusalIn('')).toBeNull();
  });
});

describe('the message of a Status', () => {
  const message = `pods "a\\"b" is forbidden: User "${us}" cannot impersonate resource "users" in API group "" at the cluster scope`;
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason: 'Forbidden',
    details: { name: message },
  };

  test('is read from JSON, tight and pretty, and from what begins it alone', () => {
    expect(statusMessageIn('application/json', Buffer.from(JSON.stringify(status)))).toBe(message);
    expect(statusMessageIn('application/json', Buffer.from(JSON.stringify(status, null, 2)))).toBe(message);
    const long = JSON.stringify({ ...status, details: { name: 'x'.repeat(9_000) } });
    expect(statusMessageIn('application/json', Buffer.from(long).subarray(0, 4_096))).toBe(message);
    expect(statusMessageIn('application/json', Buffer.from(JSON.stringify(status)).subarray(0, 90))).toBeNull();
  });

  test('is read from protobuf, where the same words in another field are not the message', () => {
    const field = (number: number, bytes: Buffer) => {
      const length = bytes.length < 128 ? [bytes.length] : [(bytes.length & 127) | 128, bytes.length >> 7];
      return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), bytes]);
    };
    const body = Buffer.concat([
      field(1, Buffer.alloc(0)),
      field(2, Buffer.from('Failure')),
      field(3, Buffer.from('no')),
      field(5, field(1, Buffer.from(message))),
    ]);
    const head = (raw: Buffer) => Buffer.concat([Buffer.from('k8s\0'), field(1, Buffer.from('type')), field(2, raw)]);
    expect(statusMessageIn('application/vnd.kubernetes.protobuf', head(body))).toBe('no');
    expect(statusMessageIn('application/vnd.kubernetes.protobuf', head(field(3, Buffer.from(message))))).toBe(message);
    for (let cut = 0; cut < 40; cut += 1) {
      expect(() => statusMessageIn('application/vnd.kubernetes.protobuf', head(body).subarray(0, cut))).not.toThrow();
    }
  });

  test('is read from YAML, folded over lines', () => {
    const yaml = `apiVersion: v1\ncode: 403\nkind: Status\nmessage: 'pods is forbidden: User "${us}" cannot impersonate\n  resource "users" in API group "" at the cluster scope'\nmetadata: {}\n`;
    expect(ownRefusalIn(statusMessageIn('application/yaml', Buffer.from(yaml)) ?? '')).toEqual({ of: 'account' });
  });
});
