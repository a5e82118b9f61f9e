import { createBotPart } from './bot-part.ts';
import { loadFleet } from './config.ts';
import { readBotEnvironment } from './environment.ts';
import { start } from './start.ts';

await start('bot', readBotEnvironment, async env => {
  const fleet = await loadFleet(env.HOLT_CONFIG);
  return house => [createBotPart(env, fleet, house)];
});
