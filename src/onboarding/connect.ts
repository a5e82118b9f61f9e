import { createHash } from 'node:crypto';
import { UserError } from '../errors.ts';
import type { PullFact } from './facts.ts';
import type { Branch, Files, Onboarded, Pull, Readers, RepositoryReader } from './ports.ts';
import { saysTheSame, type Text } from './pull-request-text.ts';
import type { GitOpsTarget, Target } from './request.ts';
import type { Json } from './run.ts';
import type { EffectDefinition, StepContext } from './step.ts';

type Context = StepContext<never>;
type Changes = Record<string, string>;

/** What one pull request is to connect. */
export interface Bundle {
  /** Where: all that is onboarded has this repository and this base in common. */
  gitops: Pick<GitOpsTarget, 'repository' | 'base' | 'branch'>;
  onboarded: readonly Onboarded[];
  /** Tells this bundle's effects from those of another in the same run; empty when there is one. */
  key: string;
  message: string;
  describe(files: readonly string[]): Text;
}

/** What is in the repository before anything is changed there. */
export interface Survey {
  main: { commit: string; files: Files };
  head: Branch | undefined;
  pulls: Pull[];
}

export async function survey(
  { repository: reader, layout }: Readers,
  { repository, base, branch }: Bundle['gitops'],
  targets: readonly Target[],
): Promise<Survey> {
  layout.prepare();
  const paths = new Set(targets.flatMap(({ gitops }) => layout.paths(gitops)));
  const [main, head, pulls] = await Promise.all([
    reader.readFiles(repository, base, [...paths]),
    reader.findBranch(repository, branch, base),
    reader.findPulls(repository, branch, base),
  ]);
  return { main, head, pulls };
}

/**
 * A pull request that connects the clusters, with one commit; nobody can merge it before the vault holds what it refers to.
 * `seen` is what is there, where that was read already. Throws a UserError for what people did to the branch or the pull request, and for a file that Holt does not touch.
 */
export async function connect(context: Context, bundle: Bundle, seen?: Survey): Promise<PullFact> {
  const { read } = context;
  const targets = bundle.onboarded.map(({ target }) => target);
  const { main, head, pulls } = seen ?? (await survey(read, bundle.gitops, targets));
  const changes = await read.layout.edit(bundle.onboarded, main.files);
  const files = Object.keys(changes);
  const newest = pulls[0];
  const open = pulls.find(({ state }) => state === 'open');
  if (files.length === 0) return nothingToChange(newest);

  refuseWhatPeopleDid(context, head, open ?? newest);
  const committed = await commit(context, bundle, main.commit, head, changes);
  const text = bundle.describe(files);
  const { number, url, made } = await openPull(context, bundle, open, text);
  const described = open !== undefined && (await describe(context, bundle, open, text));
  return { state: 'open', number, url, changed: committed.made || made || described, files };
}

function nothingToChange(newest: Pull | undefined): PullFact {
  const link = newest?.state === 'merged' ? { number: newest.number, url: newest.url } : {};
  const state = newest?.state === 'merged' ? ('merged' as const) : ('nothing-to-change' as const);
  return { state, ...link, changed: false, files: [] };
}

/** A pull request closed without a merge is somebody's no; a commit of somebody else's is somebody's work. */
function refuseWhatPeopleDid(
  { acknowledged }: Context,
  head: Branch | undefined,
  pull: Pull | undefined,
): void {
  if (head?.ours === false) {
    throw new UserError(
      'foreign-commits',
      'The branch has commits that are not Holt’s, and Holt does not build on them. Merge or delete the branch, then retry.',
    );
  }
  if (pull?.state === 'closed' && !acknowledged('pull-request-closed', `#${pull.number}`)) {
    throw new UserError(
      'pull-request-closed',
      `Somebody closed the pull request #${pull.number} without merging it: ${pull.url} Talk to them; Retry opens a new one.`,
      `#${pull.number}`,
    );
  }
}

/** One commit on the branch, with the base's tree below it: never forced, and up to date with the base whenever it changes. */
const commit = (
  { effect }: Context,
  { gitops, key, message }: Bundle,
  base: string,
  head: Branch | undefined,
  changes: Changes,
): Promise<{ commit: string; made: boolean }> => {
  return current(
    effect,
    `commit ${digest(changes)}${key}`,
    ({ commit }) => (commit === head?.commit ? undefined : commit),
    {
      thing: { kind: 'commit', name: gitops.branch },
      async find({ repository }, { open }) {
        // What was read before a request of ours may have landed does not count.
        const now =
          open === undefined
            ? head
            : await repository.findBranch(gitops.repository, gitops.branch, gitops.base);
        if (now?.ours !== true || !(await holds(repository, gitops, changes))) return undefined;
        return { commit: now.commit, made: open !== undefined };
      },
      async create({ repository }) {
        const { commit } = await repository.commit(gitops.repository, {
          branch: gitops.branch,
          head: head?.commit,
          tree: base,
          parents: [...new Set([head?.commit ?? base, base])],
          files: changes,
          message,
        });
        return { commit, made: true };
      },
    },
  );
};

/**
 * An effect whose recorded result somebody may have undone since: `gone` names what no longer holds, and then it is a new effect.
 */
async function current<T extends Json>(
  effect: Context['effect'],
  key: string,
  gone: (recorded: T) => string | undefined,
  definition: EffectDefinition<T>,
): Promise<T> {
  const state = { looked: false };
  const result = await effect<T>(key, {
    ...definition,
    find(read, intent) {
      state.looked = true;
      return definition.find(read, intent);
    },
  });
  const missing = state.looked ? undefined : gone(result);
  return missing === undefined ? result : current(effect, `${key} after ${missing}`, gone, definition);
}

/** Whether the branch has every one of these files just so. */
async function holds(
  repository: RepositoryReader,
  gitops: Bundle['gitops'],
  changes: Changes,
): Promise<boolean> {
  const { files } = await repository.readFiles(gitops.repository, gitops.branch, Object.keys(changes));
  return Object.entries(changes).every(([path, text]) => files[path] === text);
}

const openPull = (
  { effect }: Context,
  { gitops, key }: Bundle,
  open: Pull | undefined,
  text: Text,
): Promise<{ number: number; url: string; made: boolean }> => {
  const { repository: name, branch, base } = gitops;
  return current(
    effect,
    `pull request${key}`,
    ({ number }) => (number === open?.number ? undefined : `#${number}`),
    {
      thing: { kind: 'pull-request', name: text.title },
      async find({ repository }, intent) {
        const now =
          intent.open === undefined
            ? open
            : (await repository.findPulls(name, branch, base)).find(({ state }) => state === 'open');
        return now && { number: now.number, url: now.url, made: intent.open !== undefined };
      },
      async create({ repository }) {
        const { number, url } = await repository.openPull(name, { branch, base, ...text });
        return { number, url, made: true };
      },
    },
  );
};

/** Whether the pull request had to be told anew what it is about. */
async function describe({ effect }: Context, { gitops }: Bundle, open: Pull, text: Text): Promise<boolean> {
  if (saysTheSame(open, text)) return false;
  await effect(`describe #${open.number} ${digest({ body: text.body })}`, {
    thing: { kind: 'pull-request-text', name: `#${open.number}` },
    find: async () => undefined,
    async create({ repository }) {
      await repository.updatePull(gitops.repository, open.number, text);
      return { number: open.number };
    },
  });
  return true;
}

const digest = (files: Files): string =>
  createHash('sha256')
    .update(
      JSON.stringify(
        Object.keys(files)
          .toSorted()
          .map(path => [path, files[path]]),
      ),
    )
    .digest('hex')
    .slice(0, 16);
