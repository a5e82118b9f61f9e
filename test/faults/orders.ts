import { z } from 'zod';
import type { Store } from '../../src/onboarding/store.ts';
import { safeties } from './safeties.ts';

/** What a swept process is told when it starts. */
const Orders = z.strictObject({
  /** Where it tells of each write of a run's record, before and after; nowhere when left out. */
  control: z.url().optional(),
  settleMs: z.int(),
  patienceMs: z.int(),
  /** When a call that hangs is given up; as usual when left out. */
  callMs: z.int().optional(),
  without: z.enum(safeties).optional(),
  /** Who starts it, and without whom it does not stay. */
  parent: z.int(),
});
export type Orders = Omit<z.infer<typeof Orders>, 'parent'>;

/** The words with which the product's process is started. */
export const wordsFor = (role: string, orders: Orders): string[] => [
  role,
  JSON.stringify({ ...orders, parent: process.pid }),
];

export const readOrders = (text: string): z.infer<typeof Orders> => Orders.parse(JSON.parse(text));

const Line = z.object({ kind: z.string(), about: z.string().default('') });

/** The name of a write, the same in every run: random ids are left out. */
function nameOf(audit: string): string {
  const { kind, about } = Line.parse(JSON.parse(audit));
  return `${kind} ${about.replaceAll(/\b(?:[0-9a-f]{16,64}\b|(?:org|env|int|inv)_\w+)/g, '…')}`.trim();
}

/** A store that says so before and after each write of a run; whoever listens may take as long as it likes to answer. */
export function reporting(store: Store, { control }: Orders): Store {
  if (control === undefined) return store;
  const tell = async (moment: 'before' | 'after', audit: string): Promise<void> => {
    const url = `${control}/${moment}/${process.pid}/${encodeURIComponent(nameOf(audit))}`;
    await fetch(url, { method: 'POST' }).catch(() => undefined);
  };
  const told = async <T>(audit: string, write: () => Promise<T>): Promise<T> => {
    await tell('before', audit);
    const result = await write();
    await tell('after', audit);
    return result;
  };
  return {
    ...store,
    insert: (entry, audit) => told(audit, () => store.insert(entry, audit)),
    swap: (entry, audit) => told(audit, () => store.swap(entry, audit)),
  };
}
