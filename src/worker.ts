import { readWorkerEnvironment } from './environment.ts';
import { start } from './start.ts';
import { createWorkerPart } from './worker-part.ts';

await start('worker', readWorkerEnvironment, async env => async house => [
  await createWorkerPart(env, house),
]);
