import { ServiceError } from '../../src/errors.ts';
import type { EngineOptions } from '../../src/onboarding/engine.ts';
import type { Claims } from '../../src/onboarding/ports.ts';
import type { Records } from '../../src/onboarding/records.ts';
import type { Step, StepContext } from '../../src/onboarding/step.ts';
import type { Store } from '../../src/onboarding/store.ts';

/** What keeps the world whole. Each can be replaced by nothing, so that the sweep shows what it is good for. */
export const safeties = ['intent', 'settle', 'fence', 'compare-and-set', 'claim', 'read-back'] as const;
export type Safety = (typeof safeties)[number];

interface Without {
  without?: Safety | undefined;
}

/** The engine's parts without one safety. */
export const lacking =
  ({ without }: Without) =>
  (options: EngineOptions): EngineOptions => {
    switch (without) {
      case 'intent':
        return { ...options, planOf: run => options.planOf(run).map(step => carefree(step, options)) };
      case 'settle':
        return { ...options, settleMs: 0 };
      case 'fence':
        // Who may not write may not act either: a worker that was paused for long would notice that by the clock alone.
        return { ...options, records: unfenced(options.records), freshMs: Number.POSITIVE_INFINITY };
      case 'claim':
        return { ...options, claims: forgetful(options.claims) };
      case 'read-back':
        return { ...options, write: trusting(options.write) };
      default:
        return options;
    }
  };

/** Looks, and makes what is not there; writes nothing down before or after. */
function carefree(step: Step, { read, write }: EngineOptions): Step {
  const effect: StepContext<never>['effect'] = async (_key, { find, create }) =>
    (await find(read, { open: undefined, remember: () => undefined })) ?? (await create(write));
  return { ...step, run: context => step.run({ ...context, effect }, undefined) };
}

/** Every worker believes that its epoch is the newest. */
function unfenced(records: Records): Records {
  const mine = new Map<string, number>();
  return {
    ...records,
    change: (id, apply) =>
      records.change(id, (run, now) => {
        const changed = apply({ ...run, epoch: mine.get(id) ?? run.epoch, due: run.due ?? now }, now);
        if ('unchanged' in changed) return changed;
        if (changed.kind === 'taken') mine.set(id, changed.next.epoch);
        return { ...changed, next: { ...changed.next, epoch: Math.max(run.epoch, changed.next.epoch) } };
      }),
  };
}

/** Everybody is told that an organization is theirs, and nobody is told of anybody else. */
const forgetful = (claims: Claims): Claims => ({
  ...claims,
  claim: (pool, id, run) => (pool === 'organizations' ? Promise.resolve(true) : claims.claim(pool, id, run)),
});

/** What Key Vault answers is taken for what it holds. */
const trusting = (write: EngineOptions['write']): EngineOptions['write'] => ({
  ...write,
  vault: {
    ...write.vault,
    write: (...given) =>
      write.vault.write(...given).catch((error: unknown) => {
        if (error instanceof ServiceError && error.applied === 'unknown') return { version: 'unread' };
        throw error;
      }),
  },
});

/** The last writer wins, whatever it had read. */
export function withoutCompareAndSet(store: Store, { without }: Without): Store {
  if (without !== 'compare-and-set') return store;
  return {
    ...store,
    async swap(entry, audit) {
      let answer = await store.swap(entry, audit);
      while (answer === 'stale') {
        const { revision } = JSON.parse((await store.load(entry.id)) ?? '{}') as { revision: number };
        const forced = { ...entry, revision: revision + 1 };
        const document = JSON.stringify({
          ...(JSON.parse(entry.document) as object),
          revision: revision + 1,
        });
        answer = await store.swap({ ...forced, document }, audit);
      }
      return answer;
    },
  };
}
