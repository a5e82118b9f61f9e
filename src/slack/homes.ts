import { waitsFor } from '../onboarding/approvals.ts';
import { knownClusters } from '../onboarding/fleet.ts';
import { rightToApprove } from '../onboarding/policy.ts';
import { mayOnboardSomething } from '../onboarding/rules.ts';
import type { Run } from '../onboarding/run.ts';
import { calling } from './client.ts';
import type { Outcome } from './commands.ts';
import { type Asking, answering, type Desk, inTime } from './desk.ts';
import { homeSaying, homeView } from './home.ts';
import { situationOf } from './situation.ts';
import type { FleetCounts } from './words/home.ts';
import type { Situation } from './words/run.ts';

export interface Homes {
  /** Somebody opened their Home tab. */
  opened(asking: Asking): Promise<void>;
  /** Draws a Home tab anew that was opened a while ago, after something that its owner did. */
  refresh(user: string): Promise<void>;
}

/** How many of the newest runs are looked through. */
const searched = 200;
const mostInList = 10;
/** For how long somebody may still have the tab before them. */
const watchedMs = 600_000;

/** The Home tabs, drawn when they are opened and after what their owners do. Never throws: what cannot be shown is logged. */
export function createHomes(desk: Desk): Homes {
  /** Until when, by user. */
  const watched = new Map<string, number>();

  async function publish(user: string): Promise<void> {
    const view = await inTime(contentOf(desk, user)).then(homeView);
    await calling('show a Home tab', desk.client.views.publish({ user_id: user, view }));
  }

  return {
    async opened(asking) {
      const { user } = asking;
      for (const [each, until] of watched) if (until < Date.now()) watched.delete(each);
      watched.set(user, Date.now() + watchedMs);
      const outcome: Outcome | undefined = await answering(desk, asking, async () => {
        await publish(user);
        return {};
      });
      if (outcome?.answer === undefined) return;
      const view = homeSaying(outcome.answer.text);
      await desk.client.views.publish({ user_id: user, view }).catch(() => undefined);
    },
    async refresh(user) {
      if ((watched.get(user) ?? 0) < Date.now()) return;
      try {
        await publish(user);
      } catch (error) {
        desk.log.warn({ by: user, error }, 'a Home tab could not be drawn anew');
      }
    },
  };
}

async function contentOf({ fleet, people, records }: Desk, user: string) {
  const [now, recent] = await Promise.all([records.now(), records.recent(searched)]);
  const known = recent.filter(run => run !== 'newer');
  // The line of a rollout stands for its clusters.
  const shown = recent.filter(run => run === 'newer' || run.request.within === undefined);
  const mine = known.filter(({ request: { by, within } }) => by.user === user && within === undefined);
  return {
    now,
    mayOnboard: mayOnboardSomething(fleet, user, people),
    waiting: known.filter(run => waitsFor(run, user, rightToApprove(run, user, people), now)),
    mine: mine.slice(0, mostInList),
    recent: shown.slice(0, mostInList),
    counts: {
      known: fleet.clusters === 'any' ? undefined : knownClusters(fleet).length,
      ...countsOf(known),
      newest: recent.length < searched ? undefined : searched,
    },
  };
}

const countedAs: Readonly<Record<Situation, 'onboarded' | 'running' | 'failed' | undefined>> = {
  running: 'running',
  waiting: 'running',
  approval: 'running',
  stopping: 'running',
  held: 'running',
  obstructed: 'failed',
  failed: 'failed',
  done: 'onboarded',
  'in-place': 'onboarded',
  uninvited: 'onboarded',
  cancelled: undefined,
};

/** How the clusters stand, each by its newest run. */
function countsOf(runs: readonly Run[]): Pick<FleetCounts, 'onboarded' | 'running' | 'failed'> {
  const newest = new Map<string, Run>();
  for (const run of runs) {
    const { organization } = run.request.target.names;
    if (run.request.rollout === undefined && !newest.has(organization)) newest.set(organization, run);
  }
  const counts = { onboarded: 0, running: 0, failed: 0 };
  for (const run of newest.values()) {
    const counted = countedAs[situationOf(run)];
    if (counted !== undefined) counts[counted] += 1;
  }
  return counts;
}
