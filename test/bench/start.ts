import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startDemo } from '../support/demo.ts';
import { median, round } from './figures.ts';
import { openGround } from './ground.ts';
import { memoryOf } from './proc.ts';

interface Started {
  readyMs: number;
  /** Resident megabytes some seconds later. */
  idleMB: number;
}

export interface Start {
  /** Absent where there is no Redis: then both are one process. */
  bot?: Started;
  worker?: Started;
  main?: Started;
  demo: { readyMs: number };
  /** Megabytes of the packages that a production install has. */
  installMB: number;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** How long each process takes from nothing to ready, what it holds idle, and how large the install is. */
export async function start({ runs, idleMs }: { runs: number; idleMs: number }): Promise<Start> {
  const ground = await openGround({ clusters: 3, latencyMs: 0 });
  try {
    const measured = async (entry: 'bot' | 'worker' | 'main'): Promise<Started> => {
      const all: Started[] = [];
      for (let run = 0; run < runs; run += 1) {
        const began = performance.now();
        const launched = await ground.start(entry);
        const readyMs = performance.now() - began;
        await sleep(idleMs);
        all.push({ readyMs, idleMB: memoryOf(launched.pid).now });
        await launched.stop();
      }
      return {
        readyMs: round(median(all.map(each => each.readyMs))),
        idleMB: round(median(all.map(each => each.idleMB)), 1),
      };
    };
    const processes =
      ground.redis === undefined
        ? { main: await measured('main') }
        : { bot: await measured('bot'), worker: await measured('worker') };
    return { ...processes, demo: await measureDemo(runs), installMB: installMB() };
  } finally {
    await ground.close();
  }
}

/** Until the demo's page can be opened and Holt behind it is ready. */
async function measureDemo(runs: number): Promise<{ readyMs: number }> {
  const all: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const began = performance.now();
    const demo = await startDemo();
    await demo.ready;
    all.push(performance.now() - began);
    await demo.stop();
  }
  return { readyMs: round(median(all)) };
}

/** What `npm ci --omit=dev` would put there, by the lock file, as it lies in this clone. */
function installMB(): number {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; optional?: boolean; devOptional?: boolean }>;
  };
  const folders = Object.entries(lock.packages).filter(
    ([path, { dev, devOptional }]) => path !== '' && dev !== true && devOptional !== true,
  );
  const bytes = folders.reduce((sum, [path]) => sum + sizeOf(join(root, path)), 0);
  return round(bytes / 1024 / 1024, 1);
}

/** Bytes of the files in a folder; packages below it are counted on their own. */
function sizeOf(folder: string): number {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    if (entry.name === 'node_modules') return sum;
    const path = join(folder, entry.name);
    return sum + (entry.isDirectory() ? sizeOf(path) : statSync(path).size);
  }, 0);
}
