import { setTimeout } from 'node:timers/promises';
import { Queue, Worker, type WorkerOptions } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Log } from '../log.ts';
import type { Consumer, Mailboxes } from '../onboarding/store.ts';
import { redisFailure } from './connection.ts';
import { handle, rendersAtOnce } from './handle.ts';

const prefix = '{holt}';

/** After how many milliseconds the work of a process that was killed is taken up by another one. */
export interface Locks {
  ticks: number;
  others: number;
}

const usualLocks: Locks = { ticks: 30_000, others: 10_000 };

const lockedFor = (ms: number) => ({ lockDuration: ms, stalledInterval: ms / 2, maxStalledCount: 5 });

interface Nudge {
  run: string;
}

interface Connections {
  /** Its commands fail rather than wait. Closed with the mailboxes. */
  commands: Redis;
  /** Makes a connection whose commands wait. */
  forWork(): Redis;
}

/** Nudges as BullMQ jobs, for any number of processes. No job fails on purpose, waits or is tried again: the record says what is due. */
export function createBullMailboxes(
  { commands, forWork }: Connections,
  log: Log,
  locks: Locks = usualLocks,
): Mailboxes {
  const [slow, quick] = [lockedFor(locks.ticks), lockedFor(locks.others)];
  const ticks = openQueue<Nudge>('tick', commands);
  const renders = openQueue<Nudge>('render', commands);
  const maintenance = openQueue<object>('maintenance', commands);
  const consumers = new Set<Consumer>();

  const put = async (queue: Queue<Nudge>, run: string): Promise<void> => {
    const deduplication = { id: run, keepLastIfActive: true };
    await queue.add(queue.name, { run }, { deduplication }).catch(error => {
      throw redisFailure('pass on the news', error);
    });
  };

  return {
    nudges: { tick: run => put(ticks, run), render: run => put(renders, run) },
    consume: async ({ tick, render, reconcile }, pace) => {
      const connection = forWork();
      const parts: Consumer[] = [];
      if (tick !== undefined)
        parts.push(openWorker('tick', tick, { connection, concurrency: pace.ticks, ...slow }, log));
      if (render !== undefined) {
        const limiter = { max: 1, duration: pace.renderEveryMs };
        parts.push(
          openWorker('render', render, { connection, concurrency: rendersAtOnce, limiter, ...quick }, log),
        );
      }
      if (reconcile !== undefined) {
        parts.push(openWorker('maintenance', reconcile, { connection, ...quick }, log));
        parts.push(schedule(maintenance, pace.reconcileEveryMs, log));
      }
      const consumer = {
        close: async () => {
          await Promise.all(parts.map(part => part.close()));
          connection.disconnect();
          consumers.delete(consumer);
        },
      };
      consumers.add(consumer);
      return consumer;
    },
    close: async () => {
      await Promise.all([...consumers].map(consumer => consumer.close()));
      await Promise.all([ticks, renders, maintenance].map(queue => queue.close()));
      commands.disconnect();
    },
  };
}

function openQueue<Data>(name: string, connection: Redis): Queue<Data> {
  const defaultJobOptions = { removeOnComplete: true, removeOnFail: { count: 100 } };
  // Without these two a queue that was made while Redis was away would keep nudges waiting instead of refusing them.
  const atOnce = { skipVersionCheck: true, skipWaitingForReady: true };
  const queue = new Queue<Data>(name, { connection, prefix, defaultJobOptions, ...atOnce });
  // The connection tells of its own troubles, and every command of its own.
  queue.on('error', () => undefined);
  return queue;
}

type Options = Omit<WorkerOptions, 'connection'> & { connection: Redis };

function openWorker(name: string, act: (run: string) => Promise<void>, options: Options, log: Log): Consumer {
  const atWork = new Set<Promise<number>>();
  const worker = new Worker<Nudge>(
    name,
    async ({ data: { run } }) => {
      const work = handle(log, { mailbox: name, run }, () => act(run));
      atWork.add(work);
      const pauseMs = await work.finally(() => atWork.delete(work));
      if (pauseMs === 0) return;
      await worker.rateLimit(pauseMs);
      throw Worker.RateLimitError();
    },
    { prefix, ...options },
  );
  worker.on('error', ({ message }) => {
    if (options.connection.status === 'ready')
      log.warn({ mailbox: name, reason: message }, 'The queue complains');
  });
  worker.on('failed', (_job, { message }) => {
    log.error({ mailbox: name, reason: message }, 'A nudge was given up');
  });

  return {
    close: async () => {
      await worker.pause(true);
      await Promise.all(atWork);
      // Without Redis a worker would wait for ever to say that its jobs are done, and so does one whose saying so was lost when
      // Redis was restarted; they are found stalled later.
      const closed = worker.close(!(await answers(options.connection)));
      await Promise.race([closed, setTimeout(closeMs, undefined, { ref: false })]);
    },
  };
}

/** Nothing is at work any more by then. */
const closeMs = 5_000;

const answers = (redis: Redis): Promise<boolean> => {
  const ping = redis.ping().then(
    () => true,
    () => false,
  );
  return Promise.race([ping, setTimeout(2000, false, { ref: false })]);
};

/**
 * Asks for one reconciliation in each slot of time, whichever process asks first. Every consumer keeps asking, so that nothing
 * must be set up again when Redis has been away or has lost its data.
 */
function schedule(maintenance: Queue<object>, everyMs: number, log: Log): Consumer {
  const ask = (): void => {
    const deduplication = { id: `slot-${Math.floor(Date.now() / everyMs)}`, ttl: everyMs };
    maintenance
      .add('reconcile', {}, { deduplication })
      .catch(error => log.debug({ reason: redisFailure('reconcile', error).message }, 'No reconciliation'));
  };
  ask();
  const timer = setInterval(ask, everyMs).unref();
  return { close: async () => clearInterval(timer) };
}
