/**
 * `npm run demo`: the main job on real parts, in the foreground. Ends with what to try, writes the contract for scripts, and stops all of it
 * on Ctrl-C. A later run goes on where the last one stopped (whoever left stays out); --reset starts afresh.
 */
import { spawnSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { startScene } from '#e2e/scene/scene.ts';
import { freePort } from '#e2e/stack/ports.ts';
import { consoleProgress } from '#e2e/stack/progress.ts';
import { createWarden } from '#e2e/stack/warden.ts';
import { tryLock } from '#lib/runtime/lock.ts';
import { guide } from './guide.ts';

const root = join(import.meta.dirname, '../..');
const home = join(root, '.gatehouse');
const folder = join(home, 'demo');
const contractFile = join(home, 'demo.json');
const began = performance.now();

if (!(await tryLock(`demo ${folder}`))) {
  console.error('The demo of this folder runs already, in another terminal. Stop that one first.');
  process.exit(1);
}
const build = spawnSync(process.execPath, [join(root, 'scripts/build-portal.ts')], { stdio: 'inherit', cwd: root });
if (build.status !== 0) process.exit(1);
await rm(contractFile, { force: true });
if (process.argv.includes('--reset')) await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true, mode: 0o755 });

const warden = await createWarden();
const logFile = join(home, 'demo.log');
const lines: string[] = [];
let stopping = false;
const asked = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
});

try {
  const ports = { portal: await preferred(3000), proxy: await preferred(8443) };
  const scene = await Promise.race([
    startScene({ folder, warden, progress: consoleProgress, ports, onLine: (line) => void lines.push(line) }),
    asked.then(() => null),
  ]);
  if (scene) {
    await writeFile(contractFile, `${JSON.stringify(scene.contract, null, 2)}\n`, { mode: 0o600 });
    console.log(guide(scene.contract, (performance.now() - began) / 1000));
    const ended = scene.ended.then((code) => {
      if (!stopping) throw new Error(`Gatehouse ended by itself (${code ?? 'by a signal'}); its log is in ${logFile}`);
    });
    await Promise.race([asked, ended]);
    stopping = true;
    console.log('\nstopping …');
    await scene.stop();
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
} finally {
  await rm(contractFile, { force: true });
  await writeFile(logFile, lines.join('\n'));
  await warden.close();
}
process.exit();

/** The port people expect, or a free one when something else has it. */
async function preferred(port: number): Promise<number> {
  const taken = await new Promise<boolean>((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
  if (!taken) return port;
  const other = await freePort();
  console.log(`port ${port} is taken; using ${other} instead`);
  return other;
}
