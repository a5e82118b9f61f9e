import { exitOnFailedStart } from './config.ts';
import type { SharedEnvironment } from './environment.ts';
import { createLog } from './log.ts';
import { type ProcessOptions, runProcess } from './process.ts';
import { type Opened, openStore, type StoreOptions } from './store/open.ts';

/** Few enough that threads of which one message changes at a time need not wait for turns to edit it. */
const usualRenderEveryMs = 1_400;

/** What tests put in place of our own, in entries of theirs. */
interface Seams {
  open?: (options: StoreOptions) => Promise<Opened>;
  renderEveryMs?: number;
}

/** Reads the configuration, opens the store and runs the parts. A wrong configuration ends the process with 78. */
export async function start<Env extends SharedEnvironment>(
  name: string,
  read: (raw: NodeJS.ProcessEnv) => Env,
  partsOf: (env: Env) => Promise<ProcessOptions['parts']>,
  { open = openStore, renderEveryMs = usualRenderEveryMs }: Seams = {},
): Promise<void> {
  try {
    const env = read(process.env);
    const log = createLog(env.LOG_LEVEL, { process: name });
    const parts = await partsOf(env);
    const opened = await open({
      redisUrl: env.REDIS_URL,
      file: env.HOLT_DATA,
      allowVolatile: env.HOLT_ALLOW_VOLATILE_REDIS,
      log,
    });
    const health = { host: env.HOLT_HTTP_HOST, port: env.HOLT_HTTP_PORT };
    await runProcess({ log, health, opened, renderEveryMs, parts });
  } catch (error) {
    exitOnFailedStart(error);
  }
}
