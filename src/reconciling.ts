import { catalogueTick, isStale } from './onboarding/catalogue.ts';
import type { Mailboxes, Store } from './onboarding/store.ts';
import type { Parking } from './parking.ts';

/** More than can be done until the next time would only weigh on whoever asks for it, and each of them counts in the queue. */
const mostNudged = 250;

/** Timer, outbox and watchdog in one: looks at what is due, redraws what is behind. Of very many some, others the next time. */
export const reconciler =
  (store: Store, { nudges }: Pick<Mailboxes, 'nudges'>, { open }: Pick<Parking, 'open'>) =>
  async (): Promise<void> => {
    if (await isStale(store)) await nudges.tick(catalogueTick);
    const [due, behind] = await Promise.all([store.due(await store.now()), store.behind()]);
    await Promise.all([
      ...someOf(open('tick', due)).map(nudges.tick),
      ...someOf(open('render', behind)).map(nudges.render),
    ]);
  };

/** Those that follow upon each other from any place on, so that each has its turn. */
function someOf(runs: readonly string[]): readonly string[] {
  if (runs.length <= mostNudged) return runs;
  const first = Math.floor(Math.random() * runs.length);
  return [...runs, ...runs].slice(first, first + mostNudged);
}
