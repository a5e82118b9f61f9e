import { parentPort, workerData } from 'node:worker_threads';
import { UserError } from '../errors.ts';
import type { Files } from '../onboarding/ports.ts';
import type { Target } from '../onboarding/request.ts';
import { configuredLayout } from './layouts.ts';

// The thread in which files that others wrote are read and edited; see bounded-layout.ts.

export interface Task {
  target: Target;
  clientId: string;
  files: Files;
}

/** `begun` once all is loaded: from then on the time counts. */
export type Answer =
  | { begun: true }
  | { changes: Record<string, string> }
  | (Pick<UserError, 'code' | 'about'> & { text: string });

function edit({ target, clientId, files }: Task): Answer {
  try {
    return { changes: configuredLayout.edit(target, { clientId }, files) };
  } catch (error) {
    if (error instanceof UserError) return { code: error.code, about: error.about, text: error.message };
    throw error;
  }
}

const answer = (text: Answer): void => parentPort?.postMessage(text);
answer({ begun: true });
answer(edit(workerData as Task));
