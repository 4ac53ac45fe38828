import { Resolver } from 'node:dns/promises';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { silentProgress } from './progress.ts';
import { clientFor } from './samba/administrator.ts';
import { ensureSamba } from './samba.ts';
import { type Pair, startPair, type Which } from './samba-pair.ts';
import { createWarden, type Warden } from './warden.ts';

let place: string;
let warden: Warden;
let pair: Pair;

beforeAll(async () => {
  await ensureSamba(silentProgress);
  place = mkdtempSync(join(tmpdir(), 'gatehouse-pair-'));
  warden = await createWarden();
  pair = await startPair({ directory: join(place, 'ad'), warden, progress: silentProgress });
}, 120_000);

afterAll(async () => {
  await pair?.stop();
  await warden?.close();
  rmSync(place, { recursive: true, force: true });
});

async function seenBy(which: Which, login: string) {
  const client = clientFor(pair[which]);
  try {
    await client.bind(pair[which].serviceDn, pair[which].servicePassword);
    const { searchEntries } = await client.search(pair.one.baseDn, {
      filter: `(sAMAccountName=${login})`,
      attributes: ['userAccountControl', 'objectGUID'],
      explicitBufferAttributes: ['objectGUID'],
    });
    const [found] = searchEntries;
    return { control: Number(found?.userAccountControl), guid: String((found?.objectGUID as Buffer | undefined)?.toString('hex')) };
  } finally {
    await client.unbind();
  }
}

it('two joined domain controllers hold the same objects, and one learns of the other’s changes when it is told to', async () => {
  expect((await seenBy('two', 'alice')).guid).toBe((await seenBy('one', 'alice')).guid);
  await pair.one.setDisabled('alice', true);
  expect((await seenBy('two', 'alice')).control & 2).toBe(0);
  await pair.replicate('one', 'two');
  expect((await seenBy('two', 'alice')).control & 2).toBe(2);
  await pair.two.setDisabled('alice', false);
  await pair.replicate('two', 'one');
  expect((await seenBy('one', 'alice')).control & 2).toBe(0);
});

it('an image brings one back to where it was, and the other knows better', async () => {
  await pair.copyOf('two');
  await pair.two.setDisabled('bob', true);
  await pair.replicate('two', 'one');
  await pair.restore('two');
  expect((await seenBy('two', 'bob')).control & 2).toBe(0);
  expect((await seenBy('one', 'bob')).control & 2).toBe(2);
});

it('both are found by the names that their DNS gives', async () => {
  for (const server of pair.dnsServers) {
    const resolver = new Resolver({ timeout: 2_000, tries: 3 });
    resolver.setServers([server]);
    expect(await resolver.resolve4('dc1.corp.example')).toEqual([pair.one.address]);
    expect(await resolver.resolve4('dc2.corp.example')).toEqual([pair.two.address]);
  }
});
