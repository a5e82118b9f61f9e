import { readWorkerEnvironment } from './environment.ts';
import { createWorkerPart } from './parts.ts';
import { start } from './start.ts';

await start('worker', readWorkerEnvironment, async env => async house => [
  await createWorkerPart(env, house),
]);
