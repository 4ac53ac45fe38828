import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DemoContract } from '#e2e/scene/contract.ts';

export const contractFile = join(import.meta.dirname, '../../.gatehouse/e2e/scene.json');

/** What Gatehouse printed, line by line as it prints it. */
export const logFile = join(import.meta.dirname, '../../.gatehouse/e2e/gatehouse.log');

export function readContract(): DemoContract {
  return JSON.parse(readFileSync(contractFile, 'utf8')) as DemoContract;
}
