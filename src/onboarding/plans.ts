import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { UserError } from '../errors.ts';
import { Facts, factNames } from './facts.ts';
import { Request } from './request.ts';
import type { Nudges, Store } from './store.ts';
import { Thing } from './thing.ts';

// What an onboarding would do. The bot asks, a worker reads and answers, and the bot shows it: the one has no rights outside, the
// other no Slack. Both leave notes that are soon forgotten, so a plan is no run: it holds no name and stands in no list.

/** The form of the notes. They are forgotten so soon that no other form is ever read. */
const version = 1;

/** One thing that was looked at, or one obstacle. Holds no secret. */
const Finding = z.strictObject({
  /** The step that met it. */
  fact: z.enum(factNames),
  /** Left out where it is about the whole step. */
  thing: Thing.optional(),
  /**
   * `there`: nothing would be done. `missing`: it would be made or changed. `conflict`: a person must do something first. `unread`:
   * it could not be looked at. `unsure`: it depends on what could not.
   */
  kind: z.enum(['there', 'missing', 'conflict', 'unread', 'unsure']),
  /** Why, in a sentence. */
  text: z.string().optional(),
});
export type Finding = z.infer<typeof Finding>;

/** How a file would change. What others wrote into it stands there without its values. */
const FileChange = z.strictObject({
  path: z.string(),
  isNew: z.boolean(),
  /** A unified diff, without the lines that name the file; cut. */
  lines: z.array(z.string()),
  /** How many lines were cut off. */
  more: z.int(),
});
export type FileChange = z.infer<typeof FileChange>;

const Plan = z.strictObject({
  schema: z.literal(version),
  /** Whether an onboarding of the same names is running. */
  running: z.boolean(),
  findings: z.array(Finding),
  /** Who would be asked about; absent when that could not be read. */
  people: Facts.shape.invitees.optional(),
  /** Of what is there, when it is known. */
  pullRequest: Facts.shape.pullRequest.optional(),
  files: z.array(FileChange),
});
export type Plan = z.infer<typeof Plan>;

const Asked = z.strictObject({ schema: z.literal(version), request: Request });

/** How long a plan is kept, in milliseconds. */
const keptMs = 600_000;

const prefix = 'plan-';

/** Whether a nudge is about a plan; no run has such an id. */
export const isPlan = (id: string): boolean => id.startsWith(prefix);

export interface Plans {
  /** Asks the workers for a plan; answers its id. */
  ask(request: Request): Promise<string>;
  /** What was asked for; undefined when it is forgotten, or when a Holt of another version asks. */
  asked(id: string): Promise<Request | undefined>;
  answer(id: string, plan: Omit<Plan, 'schema'>): Promise<void>;
  /** The answer, once there is one. Throws a UserError for one that a Holt of another version gave. */
  answered(id: string): Promise<Plan | undefined>;
}

const answerTo = (id: string): string => `${id}-answer`;

export function createPlans({ notes }: Pick<Store, 'notes'>, nudges: Pick<Nudges, 'tick'>): Plans {
  const write = (name: string, note: object): Promise<void> =>
    notes.write(name, JSON.stringify({ schema: version, ...note }), keptMs);

  return {
    async ask(request) {
      const id = `${prefix}${randomUUID()}`;
      await write(id, { request });
      await nudges.tick(id);
      return id;
    },
    async asked(id) {
      const text = await notes.read(id);
      return text === undefined ? undefined : Asked.safeParse(JSON.parse(text)).data?.request;
    },
    answer: (id, plan) => write(answerTo(id), plan),
    async answered(id) {
      const text = await notes.read(answerTo(id));
      if (text === undefined) return undefined;
      const { success, data } = Plan.safeParse(JSON.parse(text));
      if (!success) throw otherVersion();
      return data;
    },
  };
}

const otherVersion = (): UserError =>
  new UserError(
    'other-version',
    'A Holt of another version made the plan. Type the command again once the update is finished.',
  );
