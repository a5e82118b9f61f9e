import { UserError } from '../../errors.ts';
import { turnMs } from '../roll.ts';
import { isLive } from '../run.ts';
import { defineStep, waiting } from '../step.ts';

/** The wave of this cluster has begun: until then it is only looked at. */
export const turn = defineStep({
  fact: 'turn',
  needs: ['preflight', 'invitees'],

  run: async ({ thread, kin }) => {
    if (thread !== undefined) return {};
    const rollout = await kin.rollout();
    if (rollout === undefined || !isLive(rollout)) throw neverBegun();
    return waiting({ inMs: turnMs });
  },
});

const neverBegun = (): UserError =>
  new UserError(
    'rollout-gone',
    'The rollout that this cluster belongs to never began or has ended, so nothing was made. Retry it there, or type the command again.',
  );
