/** Playwright's global set-up: the whole scene, as the demo has it, on free ports. Tests know it only by the contract that scripts get. */
import { createWriteStream } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startScene } from '#e2e/scene/scene.ts';
import { consoleProgress } from '#e2e/stack/progress.ts';
import { createWarden } from '#e2e/stack/warden.ts';
import { sceneVariable } from './contract-file.ts';

/** What is worth a look after the run: the product's log, the pictures. */
const kept = join(import.meta.dirname, '../../.gatehouse/e2e');

export default async function setup(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-e2e-'));
  process.env[sceneVariable] = folder;
  const warden = await createWarden();
  const logFile = join(folder, 'gatehouse.log');
  const log = createWriteStream(logFile, { mode: 0o600 });
  const end = async () => {
    await warden.close();
    await new Promise<void>((resolve) => log.end(resolve));
    await mkdir(kept, { recursive: true });
    await copyFile(logFile, join(kept, 'gatehouse.log'));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const scene = await startScene({
      folder,
      warden,
      progress: consoleProgress,
      olderWest: process.env.GATEHOUSE_TEST_LONG === '1',
      onLine: (line) => void log.write(`${line}\n`),
    });
    await writeFile(join(folder, 'scene.json'), JSON.stringify(scene.contract, null, 2), { mode: 0o600 });
    return async () => {
      await scene.stop();
      await end();
    };
  } catch (error) {
    await end();
    console.error(`The scene did not come up; what Gatehouse said is in ${join(kept, 'gatehouse.log')}`);
    throw error;
  }
}
