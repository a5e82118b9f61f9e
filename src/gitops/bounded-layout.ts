import { Worker } from 'node:worker_threads';
import { UserError } from '../errors.ts';
import type { Files, Layout, Onboarded } from '../onboarding/ports.ts';
import type { Answer, Task } from './edit-thread.ts';
import { configuredLayout } from './layouts.ts';

const thread = new URL('edit-thread.ts', import.meta.url);

/** What the files of one cluster may take: a file that is meant for people takes hundredths of both. */
const limitMs = 2_000;
const limits = { maxOldGenerationSizeMb: 256, stackSizeMb: 4 };

/**
 * Layouts, but what others wrote into the files is read in a thread of its own, without the environment: a
 * file that is made to hold up whoever reads it holds up nobody, and is refused with a UserError after two seconds.
 */
export function createBoundedLayout(): Layout {
  const threads = createThreads();
  return {
    ...configuredLayout,
    prepare: threads.prepare,
    edit: (onboarded, files) => inThread(threads.take(), { onboarded, files }),
  };
}

/** A thread takes a tenth of a second to begin, so one may begin while what it is to edit is still being read. */
function createThreads(): { prepare(): void; take(): Worker } {
  const spare: { worker?: Worker } = {};

  function begin(): Worker {
    const worker = new Worker(thread, { resourceLimits: limits, env: {}, execArgv: [] });
    const forget = (): void => {
      if (spare.worker === worker) delete spare.worker;
    };
    worker.on('error', forget);
    worker.on('exit', forget);
    worker.unref();
    return worker;
  }

  return {
    prepare() {
      spare.worker ??= begin();
    },
    /** Each for one task. */
    take() {
      const { worker = begin() } = spare;
      delete spare.worker;
      worker.ref();
      return worker;
    },
  };
}

function inThread(worker: Worker, task: Task): Promise<Record<string, string>> {
  const { promise, resolve, reject } = Promise.withResolvers<Record<string, string>>();
  let timer: NodeJS.Timeout | undefined;
  let at: Onboarded | undefined;
  worker.on('message', (answer: Answer) => {
    if ('begun' in answer) {
      clearTimeout(timer);
      at = task.onboarded[answer.begun];
      timer = setTimeout(() => reject(unreadable(at, task.files)), limitMs);
    } else if ('changes' in answer) resolve(answer.changes);
    else reject(new UserError(answer.code, answer.text, answer.about));
  });
  worker.on('error', error => reject(isExhausted(error) ? unreadable(at, task.files) : error));
  worker.on('exit', code => reject(new Error(`the thread that edits files ended with ${code}`)));
  worker.postMessage(task);
  return promise.finally(() => {
    clearTimeout(timer);
    void worker.terminate();
  });
}

const isExhausted = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';

function unreadable(onboarded: Onboarded | undefined, files: Files): UserError {
  const { valuesPath = '', externalSecretPath = '', application } = onboarded?.target.gitops ?? {};
  const read = [valuesPath, externalSecretPath, application?.path ?? ''];
  const there = read.filter(path => files[path] !== undefined);
  const names = there.join(' or ');
  return new UserError(
    'values-file',
    `Holt does not edit ${names}: it takes too long to read. Make it smaller or less nested, then retry.`,
    names,
  );
}
