import { expect, it } from 'vitest';
import type { DirectorySettings } from '../types.ts';
import { changesBetween, withChanges } from './input.ts';

const saved: DirectorySettings = {
  urls: ['ldaps://dc1.corp.example'],
  bindDn: 'sync@corp.example',
  caPem: 'pem',
  scopeDns: ['OU=Staff,DC=corp,DC=example'],
  peopleFilter: '(a=b)',
  sentinelPerson: { objectGuid: 'guid', name: 'ann' },
};

it('a change of some settings leaves the others, and an empty text takes one away', () => {
  expect(withChanges(saved, { peopleFilter: '', scopeDns: undefined })).toMatchObject({
    urls: ['ldaps://dc1.corp.example'],
    serverName: undefined,
    caPem: 'pem',
    bindDn: 'sync@corp.example',
    scopeDns: ['OU=Staff,DC=corp,DC=example'],
    peopleFilter: '',
    groupFilter: undefined,
    sentinelPerson: 'ann',
    sentinelGroup: undefined,
  });
});

it('the audit log tells what was changed, and of a certificate only that', () => {
  expect(changesBetween(saved, { ...saved, caPem: 'other', scopeDns: [], groupFilter: '(c=d)' })).toEqual([
    { field: 'caPem', from: null, to: 'another one' },
    { field: 'scopeDns', from: 'OU=Staff,DC=corp,DC=example', to: null },
    { field: 'groupFilter', from: null, to: '(c=d)' },
  ]);
});
