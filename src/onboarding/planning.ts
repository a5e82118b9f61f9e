import { explain, UserError } from '../errors.ts';
import type { Log } from '../log.ts';
import { type FactName, type Facts, factNames } from './facts.ts';
import { type Imagined, imagine, Unknowable, unknownClientId } from './imagined.ts';
import type { FileChange, Finding, Plan, Plans } from './plans.ts';
import type { Claims, Readers } from './ports.ts';
import type { Records } from './records.ts';
import type { Request, Target } from './request.ts';
import { isLive, type Json, newRun, type Run } from './run.ts';
import { stillLanding } from './session.ts';
import {
  type EffectDefinition,
  isWaiting,
  isWithdrawn,
  type Kin,
  type Step,
  type StepContext,
} from './step.ts';

type Planned = Omit<Plan, 'schema'>;

export interface PlanningOptions {
  planOf(run: Run): readonly Step[];
  records: Pick<Records, 'latest' | 'now'>;
  claims: Claims;
  read: Readers;
  /** How a file would change, for people to read. */
  compare(path: string, before: string | undefined, after: string): FileChange;
  /** How long a request without an answer may still land. */
  settleMs: number;
  /** How long one call may take; a person waits. */
  callMs: number;
  log: Log;
}

const mostFiles = 20;

/**
 * Answers a plan that somebody asked for, if it is not forgotten yet. What breaks it off as a whole, such as the end of this process, is
 * an answer too.
 */
export async function answerPlan(
  id: string,
  plans: Pick<Plans, 'asked' | 'answer'>,
  options: PlanningOptions,
  closing: AbortSignal,
): Promise<void> {
  const request = await plans.asked(id);
  if (request === undefined) return;
  const { log } = options;
  const broken = (error: unknown): Planned => ({
    running: false,
    findings: [{ fact: 'preflight', ...obstacleOf(error, log) }],
    files: [],
  });
  const since = performance.now();
  const plan = await unlessClosed(planOnboarding(request, options), closing).catch(broken);
  await plans.answer(id, plan);
  const { cluster, stage } = request.target;
  log.info(
    { plan: id, cluster, stage, by: request.by.user, ms: Math.round(performance.now() - since) },
    'planned',
  );
}

/** The signal lives as long as the process: nothing of a plan may stay with it. */
async function unlessClosed<T>(plan: Promise<T>, closing: AbortSignal): Promise<T> {
  const closed = Promise.withResolvers<never>();
  const close = (): void =>
    closed.reject(new UserError('closing', 'Holt is being restarted. Type the command again in a moment.'));
  closing.addEventListener('abort', close, { once: true });
  if (closing.aborted) close();
  try {
    return await Promise.race([plan, closed.promise]);
  } finally {
    closing.removeEventListener('abort', close);
  }
}

/**
 * Tries out the steps of an onboarding: they look for what there is, and what is not there they make in their imagination alone. What
 * goes wrong in one of them keeps no other from looking, as far as it can do without.
 */
export async function planOnboarding(request: Request, options: PlanningOptions): Promise<Planned> {
  const { planOf, records, read, claims, compare, callMs } = options;
  const before = await records.latest(request.target.names.organization);
  const run = newRun('plan', request, await records.now(), before);
  const imagined = imagine(read, claims, callMs);
  const tried = await tryOut(planOf(run), run, imagined, options);

  const { facts } = tried;
  const obstacles = imagined.obstacles.map(each => ({ fact: 'preflight' as const, ...each }));
  const changes = imagined.commits.flatMap(({ before: old, after }) =>
    Object.entries(after).map(([path, text]) => ({ path, before: old[path], after: text })),
  );
  return {
    running: before !== undefined && isLive(before),
    findings: [...obstacles, ...tried.findings].toSorted((a, b) => placeOf(a) - placeOf(b)),
    ...(facts.invitees && { people: facts.invitees }),
    ...(facts.pullRequest && { pullRequest: facts.pullRequest }),
    files: changes.slice(0, mostFiles).map(each => compare(each.path, each.before, each.after)),
  };
}

const placeOf = ({ fact }: Finding): number => factNames.indexOf(fact);

/** How a step ended; `later`: once people have decided. */
type End = 'established' | 'later' | 'conflict' | 'unread' | 'unsure';

interface Tried {
  facts: Partial<Facts>;
  findings: Finding[];
}

/** Each step as soon as those are over that it needs. What is in the way of the beginning is found, and taken for gone. */
async function tryOut(
  steps: readonly Step[],
  run: Run,
  imagined: Imagined,
  options: PlanningOptions,
): Promise<Tried> {
  const facts: Partial<Facts> = { preflight: { checked: [] } };
  const findings: Finding[] = [];
  const ends = new Map<FactName, Promise<End>>();
  const effects = createEffects(run, imagined, findings, options);

  const trial = async ({ fact, needs, run: perform }: Step): Promise<End> => {
    const awaited = needs.flatMap(need => (need === 'preflight' ? [] : (ends.get(need) ?? [])));
    const before = await Promise.all(awaited);
    if (before.includes('later')) return 'later';
    if (needs.some(need => facts[need] === undefined)) {
      findings.push({ fact, kind: 'unsure' });
      return 'unsure';
    }
    const trying = effects.of(fact, before.includes('unread') || before.includes('unsure'));
    try {
      const outcome = await perform(contextOf(run, facts, imagined, trying.effect), undefined);
      if (isWaiting(outcome) || isWithdrawn(outcome)) return 'later';
      Object.assign(facts, { [fact]: outcome });
      return trying.isUnsure() ? 'unsure' : 'established';
    } catch (error) {
      const { kind, text } = obstacleOf(error, options.log);
      findings.push({ fact, kind, text });
      if (fact === 'credentials') facts.credentials = unknownCredentials(run.request.target);
      return kind;
    }
  };
  for (const step of steps) ends.set(step.fact, trial(step));
  await Promise.all(ends.values());
  return { facts, findings };
}

/** With these the pull request can be looked at all the same. */
const unknownCredentials = ({ names: { vault } }: Target): Facts['credentials'] => ({
  integration: '',
  clientId: unknownClientId,
  vault,
  secrets: [],
  written: false,
});

function obstacleOf(error: unknown, log: Log): { kind: 'conflict' | 'unread' | 'unsure'; text: string } {
  if (error instanceof Unknowable) return { kind: 'unsure', text: error.message };
  const { text, bug } = explain(error);
  if (bug) log.error({ error }, 'a step could not be tried out');
  return { kind: error instanceof UserError ? 'conflict' : 'unread', text };
}

/** A plan is of one cluster alone. */
const noKin: Kin = {
  rollout: async () => undefined,
  roll: async () => ({}),
  all: async () => [],
  change: async () => undefined,
};

const contextOf = (
  { request, createdAt }: Run,
  facts: Partial<Facts>,
  { read, claims }: Imagined,
  effect: StepContext<FactName>['effect'],
): StepContext<FactName> => ({
  request,
  // A step is tried out only when all that it needs is there.
  facts: facts as Facts,
  thread: undefined,
  read,
  claims,
  kin: noKin,
  retries: [],
  effect,
  recorded: () => false,
  ask: async covered => ({ ...covered, openedAt: createdAt, deadline: createdAt, votes: [], state: 'open' }),
  acknowledged: () => false,
});

interface Look<T> {
  kind: Finding['kind'];
  text?: string;
  found?: T | undefined;
}

/** Effects that find, and make nothing: what is not there they make through writers that only remember. */
function createEffects(
  run: Run,
  { read, write }: Imagined,
  findings: Finding[],
  { settleMs, log }: PlanningOptions,
) {
  const kinds = new Map<string, Finding['kind']>();

  async function look<T extends Json>(key: string, { inside, find }: EffectDefinition<T>): Promise<Look<T>> {
    const around = (inside === undefined ? undefined : kinds.get(inside)) ?? 'there';
    if (around !== 'there') return { kind: around === 'missing' ? 'missing' : 'unsure' };
    const open = run.effects[key];
    if (open !== undefined && run.createdAt < open.at + settleMs)
      return { kind: 'unsure', text: stillLanding };
    try {
      const found = await find(read, { open, remember: () => undefined });
      return { kind: found === undefined ? 'missing' : 'there', found };
    } catch (error) {
      return obstacleOf(error, log);
    }
  }

  return {
    /** For one step. `doubt`: what it builds on could not be told for sure. */
    of(fact: FactName, doubt: boolean) {
      let unsure = doubt;
      const effect = async <T extends Json>(key: string, definition: EffectDefinition<T>): Promise<T> => {
        const { found, ...looked } = await look(key, definition);
        const kind = looked.kind === 'missing' && unsure ? 'unsure' : looked.kind;
        const result = found ?? (await definition.create(write));
        kinds.set(key, kind);
        unsure ||= kind === 'unread' || kind === 'unsure';
        const { thing } = definition;
        if (thing !== undefined) findings.push({ fact, thing, ...looked, kind });
        return result;
      };
      return { effect, isUnsure: () => unsure };
    },
  };
}
