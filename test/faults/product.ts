import { createBotPart } from '../../src/bot-part.ts';
import { loadFleet } from '../../src/config.ts';
import { readBotEnvironment, readMainEnvironment, readWorkerEnvironment } from '../../src/environment.ts';
import type { EngineOptions } from '../../src/onboarding/engine.ts';
import { start } from '../../src/start.ts';
import { openStore } from '../../src/store/open.ts';
import { createWorkerPart } from '../../src/worker-part.ts';
import { readOrders, reporting } from './orders.ts';
import { lacking, withoutCompareAndSet } from './safeties.ts';

// The product's entries, as the sweep starts them: in a hurry, telling of each write of a record, perhaps short of a safety.
const orders = readOrders(process.argv[3] ?? '');
const adjust = (options: EngineOptions): EngineOptions =>
  lacking(orders)({
    ...options,
    settleMs: orders.settleMs,
    patienceMs: orders.patienceMs,
    backoff: () => 200,
  });
const tests = { adjust, ...(orders.callMs && { callMs: orders.callMs }) };
const hurry = { settleMs: orders.settleMs, pauseMs: 1_000 };

/** Where nobody is killed, a lock outlives a process that a busy machine leaves no time. */
const lockMs = orders.callMs === undefined ? 1_000 : 5_000;

const seams = {
  renderEveryMs: 40,
  open: async (options: Parameters<typeof openStore>[0]) => {
    const opened = await openStore({ ...options, locks: { ticks: lockMs, others: lockMs } });
    return { ...opened, store: reporting(withoutCompareAndSet(opened.store, orders), orders) };
  },
};

// Whoever started it may be stopped with Ctrl-C, or killed; nothing is left behind then.
setInterval(() => {
  if (process.ppid !== orders.parent) process.exit(1);
}, 1_000).unref();

switch (process.argv[2]) {
  case 'bot':
    await start(
      'bot',
      readBotEnvironment,
      async env => {
        const fleet = await loadFleet(env.HOLT_CONFIG);
        return house => [createBotPart(env, fleet, house, hurry)];
      },
      seams,
    );
    break;
  case 'worker':
    await start(
      'worker',
      readWorkerEnvironment,
      async env => async house => [await createWorkerPart(env, house, tests)],
      seams,
    );
    break;
  default:
    await start(
      'holt',
      readMainEnvironment,
      async env => {
        const fleet = await loadFleet(env.HOLT_CONFIG);
        return async house => [
          createBotPart(env, fleet, house, hurry),
          await createWorkerPart(env, house, tests),
        ];
      },
      seams,
    );
}
