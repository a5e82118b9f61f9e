import { parentPort } from 'node:worker_threads';
import { UserError } from '../errors.ts';
import type { Files, Onboarded } from '../onboarding/ports.ts';
import { configuredLayout } from './layouts.ts';

// The thread in which files that others wrote are read and edited; see bounded-layout.ts.

export interface Task {
  onboarded: readonly Onboarded[];
  files: Files;
}

/** `begun` before each of the clusters, by its place: from then on its time counts. */
export type Answer =
  | { begun: number }
  | { changes: Record<string, string> }
  | (Pick<UserError, 'code' | 'about'> & { text: string });

const answer = (text: Answer): void => parentPort?.postMessage(text);

/** Each cluster edits what the ones before it have left, for they may share files. */
function edit({ onboarded, files }: Task): Answer {
  const changes: Record<string, string> = {};
  try {
    for (const [index, each] of onboarded.entries()) {
      answer({ begun: index });
      Object.assign(changes, configuredLayout.edit(each, { ...files, ...changes }));
    }
    return { changes };
  } catch (error) {
    if (error instanceof UserError) return { code: error.code, about: error.about, text: error.message };
    throw error;
  }
}

parentPort?.once('message', (task: Task) => answer(edit(task)));
