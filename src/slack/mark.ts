import { z } from 'zod';
import type { Store } from '../onboarding/store.ts';
import { type Migrations, migrate } from '../onboarding/versions.ts';

/** The version in which this Holt writes marks; the first ones told none. */
const version = 2;
const migrations: Migrations = { 0: document => document, 1: document => document };

const Posted = z.strictObject({
  channel: z.string(),
  ts: z.string(),
  /** Of what it shows; empty when that is not known. */
  hash: z.string(),
});
export type Posted = z.infer<typeof Posted>;

/** A message that is being posted, or was when nobody saw the answer. */
const Posting = z.strictObject({
  role: z.string(),
  channel: z.string(),
  thread: z.string().optional(),
  /** By the store's clock. */
  at: z.int(),
});
export type Posting = z.infer<typeof Posting>;

const Editing = z.strictObject({ role: z.string(), at: z.int() });

const Document = z.strictObject({
  schema: z.literal(version),
  messages: z.record(z.string(), Posted),
  posting: Posting.optional(),
  /** A message that is being edited, or was when nobody saw the answer. */
  editing: Editing.optional(),
  /** An edit of these messages, asked for by somebody who is gone, may land until then and put an old state over the new one. */
  doubt: z.strictObject({ roles: z.array(z.string()), until: z.int() }).optional(),
  /** Slack ids of invited people by address; null: has no account. */
  accounts: z.record(z.string(), z.string().nullable()),
  /** The workspace refused the newer blocks. */
  plain: z.boolean(),
  /** Slack refused something that this revision shows; not tried again before then. */
  pause: z.strictObject({ revision: z.int(), until: z.int() }).optional(),
});
export type MarkDocument = z.infer<typeof Document>;

/** Somebody else draws this thread at the same time; whoever meets this leaves it to them. */
export class Overtaken extends Error {
  override readonly name = 'Overtaken';
}

/** What a run's thread shows, and the only way to write it down. */
export interface Mark {
  readonly document: MarkDocument;
  /** Throws Overtaken when the mark is no longer the one that was read. */
  write(change: Partial<MarkDocument>): Promise<void>;
  /** The thread shows this revision. */
  shows(revision: number): Promise<void>;
}

export type MarkStore = Pick<Store, 'mark' | 'setMark'>;

/** Throws Newer when a newer Holt wrote it; so does openMark. */
export const readMark = async (store: MarkStore, run: string): Promise<MarkDocument> =>
  documentOf((await store.mark(run))?.document);

const documentOf = (stored: string | undefined): MarkDocument =>
  stored === undefined
    ? { schema: version, messages: {}, accounts: {}, plain: false }
    : Document.parse(migrate(JSON.parse(stored), version, migrations));

export async function openMark(store: MarkStore, run: string): Promise<Mark> {
  const stored = await store.mark(run);
  let { version, shows } = stored ?? { version: 0, shows: 0 };
  let document = documentOf(stored?.document);

  const save = async (next: MarkDocument, revision: number): Promise<void> => {
    const mark = { version: version + 1, shows: revision, document: JSON.stringify(next) };
    if (!(await store.setMark(run, mark))) throw new Overtaken('somebody else draws this thread');
    ({ version, shows } = mark);
    document = next;
  };
  return {
    get document() {
      return document;
    },
    write: change => save({ ...document, ...change }, shows),
    shows: async revision => {
      if (shows !== revision) await save(document, revision);
    },
  };
}
