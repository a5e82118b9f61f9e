import type { Facts } from '../facts.ts';
import type { Roll } from '../roll.ts';
import type { Run } from '../run.ts';
import { defineStep, waiting } from '../step.ts';

/** How soon a rollout looks again at its clusters should their news get lost. */
export const lookAgainMs = 60_000;

type Lists = NonNullable<Facts['looked']>['lists'];

/** Every cluster of the rollout was looked at before anything is changed; who is to be invited is known, list by list. */
export const looked = defineStep({
  fact: 'looked',
  needs: ['preflight'],

  run: async ({ request, kin }) => {
    const members = request.rollout?.members ?? [];
    const roll = await kin.roll();
    if (!members.every(({ cluster }) => roll[cluster]?.looked === true))
      return waiting({ inMs: lookAgainMs });

    const different = [...new Set(members.flatMap(({ cluster }) => roll[cluster]?.list ?? []))];
    const lists = await listsOf(different, roll, runs => kin.all(runs));
    const of = members.flatMap(({ cluster }) => {
      const list = roll[cluster]?.list;
      return list === undefined ? [] : [[cluster, different.indexOf(list)] as const];
    });
    return { lists, of: Object.fromEntries(of) };
  },
});

/** Each list from the first run that has it. */
async function listsOf(
  different: readonly string[],
  roll: Roll,
  load: (runs: readonly string[]) => Promise<Run[]>,
): Promise<Lists> {
  const lines = Object.values(roll);
  const runs = different.map(list => lines.find(line => line.list === list)?.run ?? '');
  return (await load(runs)).map(({ facts }) => facts.invitees ?? { people: [], leftOut: [] });
}
