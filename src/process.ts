import { serveHealth } from './health.ts';
import type { Log } from './log.ts';
import type { Problem } from './onboarding/ports.ts';
import { createRecords, type Records } from './onboarding/records.ts';
import type { Handlers, Mailboxes, Store } from './onboarding/store.ts';
import { createParking } from './parking.ts';
import { reconciler } from './reconciling.ts';
import type { Opened } from './store/open.ts';

/** What the parts of a process share. */
export interface House {
  log: Log;
  store: Store;
  mailboxes: Mailboxes;
  records: Records;
}

/** One job of a process: facing Slack, or working. */
export interface Part {
  handlers: Pick<Handlers, 'tick' | 'render'>;
  /** How many runs it advances at the same time. */
  ticksAtOnce?: number;
  start(): Promise<void>;
  /** What keeps it from its job now; empty when ready. */
  problems(): Problem[];
  /** Takes no new work from outside; what is at work ends at the next safe point. */
  drain(): Promise<void>;
  /** Lets go of what it holds, once nothing is at work any more. */
  stop(): Promise<void>;
}

export interface ProcessOptions {
  log: Log;
  health: { host: string; port: number };
  opened: Opened;
  /** The least time between two redraws over all processes, in milliseconds. */
  renderEveryMs: number;
  parts(house: House): Promise<Part[]> | Part[];
}

const reconcileEveryMs = 5_000;

/** Runs the parts until SIGTERM or SIGINT, then drains them: nothing new, hand over at the next effect, close, exit 0. */
export async function runProcess({
  log,
  health,
  opened,
  renderEveryMs,
  parts,
}: ProcessOptions): Promise<void> {
  const { store, mailboxes } = opened;
  const records = createRecords(store, mailboxes.nudges);
  const parking = createParking(store, log);
  const built = await parts({ log, store, mailboxes, records });
  const state = { ready: false, draining: false };

  const problems = async (): Promise<Problem[]> => {
    if (state.draining) return ['The process is shutting down.'];
    if (!state.ready) return ['The process is starting.'];
    const stored = await store.check();
    if (stored.length === 0) stored.push(...(await parking.problems()));
    return [...stored, ...built.flatMap(part => part.problems())];
  };
  const server = await serveHealth(health, problems, log);
  process.on('unhandledRejection', error =>
    log.error({ error }, 'a promise was rejected and nobody was there to handle it'),
  );

  for (const part of built) await part.start();
  const { tick, render }: Part['handlers'] = Object.assign({}, ...built.map(each => each.handlers));
  const handlers: Handlers = {
    reconcile: reconciler(store, mailboxes, parking),
    ...(tick && { tick: parking.guard('tick', tick) }),
    ...(render && { render: parking.guard('render', render) }),
  };
  const ticks = Math.max(1, ...built.map(({ ticksAtOnce = 1 }) => ticksAtOnce));
  const consuming = mailboxes.consume(handlers, { ticks, renderEveryMs, reconcileEveryMs });

  // From the first work on: until somebody listens, a signal ends the process in the midst of it.
  const stop = async (signal: string): Promise<void> => {
    // Ctrl-C reaches the whole group, and whoever started us may send SIGTERM as well; only somebody who insists means it.
    if (state.draining && signal === 'SIGINT') process.exit(1);
    if (state.draining) return;
    state.draining = true;
    log.info({ signal }, 'draining');
    await Promise.all(built.map(part => part.drain()));
    await (await consuming).close();
    for (const part of built) await part.stop();
    await opened.close();
    await server.close();
    log.info({}, 'stopped');
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      stop(signal).catch((error: unknown) => {
        log.error({ error }, 'the process could not stop cleanly');
        process.exit(1);
      });
    });
  }

  await consuming;
  // The lock of the embedded store proves that nobody else is at work: whatever lives was cut off and goes on now.
  if (opened.kind === 'embedded')
    await Promise.all((await store.due(Number.MAX_SAFE_INTEGER)).map(mailboxes.nudges.tick));
  state.ready = true;
  log.info({ store: opened.kind, port: server.port }, 'ready');
}
