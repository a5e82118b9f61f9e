import { createBotPart } from './bot-part.ts';
import { loadFleet } from './config.ts';
import { readMainEnvironment } from './environment.ts';
import { start } from './start.ts';
import { createWorkerPart } from './worker-part.ts';

await start('holt', readMainEnvironment, async env => {
  const fleet = await loadFleet(env.HOLT_CONFIG);
  return async house => [createBotPart(env, fleet, house), await createWorkerPart(env, house)];
});
