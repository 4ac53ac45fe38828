/** Playwright's global set-up: the whole scene, as the demo has it, on free ports. Tests know it only by the contract that scripts get. */
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startScene } from '#e2e/scene/scene.ts';
import { consoleProgress } from '#e2e/stack/progress.ts';
import { createWarden } from '#e2e/stack/warden.ts';
import { contractFile, logFile } from './contract-file.ts';

export default async function setup(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-e2e-'));
  const warden = await createWarden();
  await mkdir(dirname(contractFile), { recursive: true });
  const log = createWriteStream(logFile, { mode: 0o600 });
  const logLines: string[] = [];
  const keep = (line: string) => {
    logLines.push(line);
    log.write(`${line}\n`);
  };
  try {
    const scene = await startScene({ folder, warden, progress: consoleProgress, onLine: keep });
    await writeFile(contractFile, JSON.stringify(scene.contract, null, 2), { mode: 0o600 });
    return async () => {
      await scene.stop();
      await warden.close();
      log.end();
      await rm(folder, { recursive: true, force: true });
    };
  } catch (error) {
    console.error(logLines.slice(-60).join('\n'));
    await warden.close();
    throw error;
  }
}
