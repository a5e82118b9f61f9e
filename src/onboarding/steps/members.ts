import { UserError } from '../../errors.ts';
import { fewOf } from '../few-of.ts';
import { digestAskedAbout, type Roll } from '../roll.ts';
import type { Change } from '../run.ts';
import { defineStep, type StepContext, waiting, withdrawn } from '../step.ts';
import { lookAgainMs } from './looked.ts';
import { toBeTriedAgain } from './waves.ts';

/**
 * Every cluster's run has ended. The answer about the invites is passed on to those that wait for it; one whose people are no
 * longer those that were asked about voids the answer, and all that is left is asked about anew.
 */
export const members = defineStep({
  fact: 'members',
  needs: ['looked', 'approval'],

  run: async context => {
    if (toBeTriedAgain(context) !== undefined) return withdrawn('waves');
    const roll = await context.kin.roll();
    const lines = Object.entries(roll);
    const asking = lines.filter(([, { state }]) => state === 'asking');
    if (asking.some(([cluster, { list }]) => list !== digestAskedAbout(context.facts.looked, cluster)))
      return withdrawn('looked', 'approval');
    await Promise.all(asking.map(([, { run }]) => context.kin.change(run, call)));
    if (!lines.every(([, { ended }]) => ended)) return waiting({ inMs: lookAgainMs });
    return endOf(context, roll);
  },
});

/** The rollout has an answer for it. */
const call: Change = (run, now) =>
  run.due === null || run.due <= now || run.facts.approval !== undefined
    ? { unchanged: 'called' }
    : { next: { ...run, due: now }, kind: 'called', wake: true };

function endOf({ retries }: StepContext<never>, roll: Roll): { done: number; failed: string[] } {
  const lines = Object.entries(roll);
  const failed = lines.filter(([, { state }]) => state === 'failed').map(([cluster]) => cluster);
  if (failed.length > 0 && retries.at(-1)?.instead !== 'stop') throw someFailed(failed, lines.length);
  return { done: lines.filter(([, { state }]) => state === 'done').length, failed };
}

const someFailed = (failed: readonly string[], all: number): UserError =>
  new UserError(
    'members-failed',
    `${failed.length} of ${all} clusters failed: ${fewOf(failed)}. Everything else is there. Retry tries only these again.`,
    String(failed.length),
  );
