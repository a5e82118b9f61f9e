import type { Log } from '../log.ts';
import type { Consumer, Mailboxes } from '../onboarding/store.ts';
import { handle, rendersAtOnce } from './handle.ts';

interface Worker {
  act: (run: string) => Promise<void>;
  atOnce: number;
  /** The least time between two starts, milliseconds. */
  gapMs: number;
  atWork: Set<Promise<void>>;
}

interface Mailbox {
  put(run: string): void;
  work(worker: Omit<Worker, 'atWork'>): Consumer;
}

/** Runs that have news: each waits at most once, and one that is at work waits for its own end. */
function createMailbox(name: string, log: Log): Mailbox {
  const waiting = new Set<string>();
  const busy = new Set<string>();
  const workers = new Set<Worker>();
  let notBefore = 0;
  let timer: NodeJS.Timeout | undefined;

  function pump(): void {
    clearTimeout(timer);
    for (const run of waiting) {
      if (busy.has(run)) continue;
      const worker = [...workers].find(({ atWork, atOnce }) => atWork.size < atOnce);
      if (worker === undefined) return;
      const wait = notBefore - performance.now();
      if (wait > 0) {
        timer = setTimeout(pump, wait);
        return;
      }
      start(worker, run);
    }
  }

  function start(worker: Worker, run: string): void {
    waiting.delete(run);
    busy.add(run);
    notBefore = performance.now() + worker.gapMs;
    const work = advance(worker, run).finally(() => {
      busy.delete(run);
      worker.atWork.delete(work);
      pump();
    });
    worker.atWork.add(work);
  }

  async function advance(worker: Worker, run: string): Promise<void> {
    const pauseMs = await handle(log, { mailbox: name, run }, () => worker.act(run));
    if (pauseMs === 0) return;
    notBefore = Math.max(notBefore, performance.now() + pauseMs);
    waiting.add(run);
  }

  return {
    put: run => {
      waiting.add(run);
      pump();
    },
    work: options => {
      const worker = { ...options, atWork: new Set<Promise<void>>() };
      workers.add(worker);
      pump();
      return {
        close: async () => {
          workers.delete(worker);
          pump();
          await Promise.all(worker.atWork);
        },
      };
    },
  };
}

/** Asks for a call at once and then at each interval. */
function repeat(mailbox: Mailbox, everyMs: number): Consumer {
  mailbox.put('all');
  const timer = setInterval(() => mailbox.put('all'), everyMs).unref();
  return { close: async () => clearInterval(timer) };
}

/** Nudges within this process: enough where one process does everything, and gone with it. */
export function createInProcessMailboxes(log: Log): Mailboxes {
  const ticks = createMailbox('tick', log);
  const renders = createMailbox('render', log);
  const maintenance = createMailbox('maintenance', log);
  const consumers = new Set<Consumer>();

  return {
    nudges: {
      tick: async run => ticks.put(run),
      render: async run => renders.put(run),
    },
    consume: async ({ tick, render, reconcile }, pace) => {
      const parts: Consumer[] = [];
      if (tick !== undefined) parts.push(ticks.work({ act: tick, atOnce: pace.ticks, gapMs: 0 }));
      if (render !== undefined)
        parts.push(renders.work({ act: render, atOnce: rendersAtOnce, gapMs: pace.renderEveryMs }));
      if (reconcile !== undefined) {
        parts.push(maintenance.work({ act: reconcile, atOnce: 1, gapMs: pace.reconcileEveryMs }));
        parts.push(repeat(maintenance, pace.reconcileEveryMs));
      }
      const consumer = {
        close: async () => {
          await Promise.all(parts.map(part => part.close()));
          consumers.delete(consumer);
        },
      };
      consumers.add(consumer);
      return consumer;
    },
    close: async () => {
      await Promise.all([...consumers].map(consumer => consumer.close()));
    },
  };
}
