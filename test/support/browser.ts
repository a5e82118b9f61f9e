import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';

const program = '/usr/bin/chromium';

/** Whether there is a browser here. */
export const browserAvailable = existsSync(program);
if (!browserAvailable) console.warn(`No ${program} on this machine: the page is not tested in a browser.`);

/** Only what is needed, and no word to anybody outside. Letters in grey keep pictures small. */
const args =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync --disable-lcd-text'.split(
    ' ',
  );

/** A browser with a profile of its own, forgotten afterwards. */
export async function openBrowser(): Promise<{ context: BrowserContext; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'holt-browser-'));
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: program,
    args,
    viewport: { width: 1120, height: 600 },
    reducedMotion: 'reduce',
  });
  return {
    context,
    async close() {
      await context.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
