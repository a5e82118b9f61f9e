import { createBotPart } from '../../src/bot-part.ts';
import { loadFleet } from '../../src/config.ts';
import { readBotEnvironment, readMainEnvironment, readWorkerEnvironment } from '../../src/environment.ts';
import { start } from '../../src/start.ts';
import { openStore } from '../../src/store/open.ts';
import { createWorkerPart } from '../../src/worker-part.ts';
import { readOrders, reporting } from './orders.ts';
import { without } from './safeties.ts';

// The product's entries, as the sweep starts them: in a hurry, telling of each write of a record, perhaps short of a safety.
const orders = readOrders(process.argv[3] ?? '');
const engine = without(orders);

const seams = {
  renderEveryMs: 40,
  open: async (options: Parameters<typeof openStore>[0]) => {
    const opened = await openStore({ ...options, locks: { ticks: 1_000, others: 1_000 } });
    return { ...opened, store: reporting(without.compareAndSet(opened.store, orders), orders) };
  },
};

switch (process.argv[2]) {
  case 'bot':
    await start(
      'bot',
      readBotEnvironment,
      async env => {
        const fleet = await loadFleet(env.HOLT_CONFIG);
        return house => [createBotPart(env, fleet, house)];
      },
      seams,
    );
    break;
  case 'worker':
    await start(
      'worker',
      readWorkerEnvironment,
      async env => async house => [await createWorkerPart(env, house, engine)],
      seams,
    );
    break;
  default:
    await start(
      'holt',
      readMainEnvironment,
      async env => {
        const fleet = await loadFleet(env.HOLT_CONFIG);
        return async house => [createBotPart(env, fleet, house), await createWorkerPart(env, house, engine)];
      },
      seams,
    );
}
