/** Brings what the real parts need to this machine, once: run before the demo and the tests, so that nothing is installed in their middle. */
import { ensureChromium } from './chromium.ts';
import { ensureKubernetesBinaries } from './kubernetes.ts';
import { consoleProgress } from './progress.ts';
import { ensureSamba } from './samba.ts';

try {
  await ensureSamba(consoleProgress);
  await ensureChromium(consoleProgress);
  await ensureKubernetesBinaries(consoleProgress);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
