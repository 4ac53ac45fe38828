import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DemoContract } from '#e2e/scene/contract.ts';

/** Playwright's workers inherit this from the global set-up: each run has a scene of its own, also when two run at once. */
export const sceneVariable = 'GATEHOUSE_TEST_SCENE';

export function readContract(): DemoContract {
  return JSON.parse(readFileSync(join(sceneFolder(), 'scene.json'), 'utf8')) as DemoContract;
}

/** Everything that the running scene's Gatehouse has said so far. */
export function readLog(): string {
  return readFileSync(join(sceneFolder(), 'gatehouse.log'), 'utf8');
}

function sceneFolder(): string {
  const folder = process.env[sceneVariable];
  if (!folder) throw new Error('There is no scene: run the stories by `npx playwright test`, whose global set-up makes one.');
  return folder;
}
