import { loadFleet } from './config.ts';
import { readMainEnvironment } from './environment.ts';
import { createBotPart, createWorkerPart } from './parts.ts';
import { start } from './start.ts';

await start('holt', readMainEnvironment, async env => {
  const fleet = await loadFleet(env.HOLT_CONFIG);
  return async house => [createBotPart(env, fleet, house), await createWorkerPart(env, house)];
});
