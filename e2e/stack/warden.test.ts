import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createWarden } from './warden.ts';

const moduleUrl = new URL('./warden.ts', import.meta.url).href;
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gatehouse-warden-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('when the parent dies', () => {
  it('leaves no process behind after SIGKILL of the parent, grandchildren included', async () => {
    const { parent, pids } = await parentWithChildren(['sleep 300', 'sleep 300 & sleep 300']);
    parent.kill('SIGKILL');
    await vi.waitFor(() => expect(pids().filter(groupLives)).toEqual([]), 8_000);
  });

  it('leaves no process behind when the parent ends by an uncaught error', async () => {
    const { parent, pids } = await parentWithChildren(['sleep 300'], 'setTimeout(() => { throw new Error("end") }, 50)');
    await once(parent, 'exit');
    await vi.waitFor(() => expect(pids().filter(groupLives)).toEqual([]), 8_000);
  });

  it('gives children that ignore TERM two seconds, then kills them', async () => {
    const { parent, pids } = await parentWithChildren(['trap "" TERM; while :; do sleep 0.2; done']);
    parent.kill('SIGKILL');
    await vi.waitFor(() => expect(pids().filter(groupLives)).toEqual([]), 8_000);
  });

  it('survives the Ctrl-C that goes to the whole terminal group, so that the parent can stop its children in order', async () => {
    const { parent, pids, watcher } = await parentWithChildren(['sleep 300'], 'process.on("SIGINT", () => {})');
    process.kill(-Number(parent.pid), 'SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(pids().filter(groupLives)).toHaveLength(1);
    expect(groupLives(watcher())).toBe(true);
  });

  it('is replaced when somebody kills the watcher, and the children are still watched', async () => {
    const { parent, pids, watcher } = await parentWithChildren(['sleep 300']);
    const first = watcher();
    process.kill(first, 'SIGKILL');
    await vi.waitFor(() => expect(watcher()).not.toBe(first), 5_000);
    parent.kill('SIGKILL');
    await vi.waitFor(() => expect(pids().filter(groupLives)).toEqual([]), 8_000);
  });
});

describe('a managed process', () => {
  it('reports its exit code, writes its output to the log file and sees only the environment it was given', async () => {
    const warden = await createWarden();
    onTestFinished(() => warden.close());
    const logFile = join(directory, 'logs', 'one.log');
    const one = warden.spawn({
      name: 'one',
      command: '/bin/sh',
      args: ['-c', 'echo "$GIVEN|$HOME"; exit 7'],
      env: { GIVEN: 'yes' },
      logFile,
    });
    expect(await one.exited).toBe(7);
    expect(readFileSync(logFile, 'utf8')).toBe('yes|\n');
  });

  it('is stopped with its whole group, also when it ignores the signal', async () => {
    const warden = await createWarden();
    onTestFinished(() => warden.close());
    const stubborn = warden.spawn({ name: 'stubborn', command: '/bin/sh', args: ['-c', 'trap "" TERM; sleep 300; sleep 300'] });
    await stubborn.stop({ timeoutMs: 300 });
    // A killed grandchild counts until the system has taken leave of it.
    await vi.waitFor(() => expect(groupLives(stubborn.pid)).toBe(false), 8_000);
    expect(await stubborn.exited).toBeNull();
    await stubborn.stop();
  });

  it('says in a sentence that it cannot be started when its directory does not exist', async () => {
    const warden = await createWarden();
    onTestFinished(() => warden.close());
    expect(() => warden.spawn({ name: 'lost', command: 'true', args: [], cwd: join(directory, 'nowhere') })).toThrow(
      /lost cannot be started/,
    );
  });

  it('ends, the youngest first, when its warden closes', async () => {
    const warden = await createWarden();
    const ended: string[] = [];
    for (const name of ['first', 'second']) {
      const child = warden.spawn({ name, command: 'sleep', args: ['300'] });
      void child.exited.then(() => ended.push(name));
    }
    await warden.close();
    expect(ended).toEqual(['second', 'first']);
  });
});

async function parentWithChildren(scripts: string[], then = '') {
  const program = `
    import { createWarden } from ${JSON.stringify(moduleUrl)};
    const warden = await createWarden();
    const children = ${JSON.stringify(scripts)}.map((script) => warden.spawn({ name: 'child', command: '/bin/sh', args: ['-c', script] }));
    ${then}
    console.log(JSON.stringify(children.map((child) => child.pid)));
  `;
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  const parent: ChildProcess = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
    cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void parent.kill('SIGKILL'));
  const [line] = (await once(parent.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  const children = JSON.parse(line.toString()) as number[];
  return { parent, pids: () => children, watcher: () => watcherOf(Number(parent.pid)) };
}

function watcherOf(parent: number): number {
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim().split(' ').map(Number);
  const watcher = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('warden-watch'));
  if (!watcher) throw new Error('the parent has no watcher');
  return watcher;
}

function groupLives(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch {
    return false;
  }
}
