import { z } from 'zod';
import type { Admitted, Gate } from './github-gate.ts';
import { type PullState, Refusal, type RepositoryStandIn } from './github-repository.ts';

/** Pull requests, as the REST API of GitHub has them. `web` is where a person finds the stand-in. */
export function addPullRoutes(gate: Gate, web: () => string): void {
  const show = (repository: RepositoryStandIn, pull: PullState) => toPull(repository, pull, web());

  gate.route('GET', '/pulls', 'listPulls', 'pull_requests', async ({ repository, context }) => {
    const {
      state = 'open',
      head,
      base,
      direction = 'desc',
      per_page = '30',
      page = '1',
    } = context.req.query();
    const owner = repository.name.split('/')[0];
    // [DOC] `head` is `owner:branch`; what has not that form is ignored.
    const branch = head?.includes(':') ? head : undefined;
    const found = repository.pulls
      .filter(pull => state === 'all' || pull.state === state)
      .filter(pull => branch === undefined || branch.toLowerCase() === `${owner}:${pull.head}`.toLowerCase())
      .filter(pull => base === undefined || pull.base === base);
    const sorted = direction === 'asc' ? found : found.toReversed();
    const size = Math.min(Number(per_page), 100);
    const slice = sorted.slice((Number(page) - 1) * size, Number(page) * size);
    return await Promise.all(slice.map(pull => show(repository, pull)));
  });

  gate.route(
    'POST',
    '/pulls',
    'createPull',
    'pull_requests',
    async admitted => show(admitted.repository, await createPull(admitted)),
    201,
  );

  gate.route('GET', '/pulls/:number', 'getPull', 'pull_requests', async admitted =>
    show(admitted.repository, pullOf(admitted)),
  );

  gate.route('PATCH', '/pulls/:number', 'updatePull', 'pull_requests', async admitted => {
    const pull = pullOf(admitted);
    const { state, ...text } = ChangedPull.parse(await admitted.context.req.json());
    if (state === 'open' && pull.mergedAt !== null) throw invalid({ field: 'state', code: 'invalid' });
    if (state === 'closed') await admitted.repository.close(pull.number);
    if (state === 'open') {
      pull.state = 'open';
      delete pull.ended;
    }
    Object.assign(pull, text, { updatedAt: new Date().toISOString() });
    return await show(admitted.repository, pull);
  });

  gate.route('GET', '/pulls/:number/files', 'listPullFiles', 'pull_requests', async admitted => {
    const files = await admitted.repository.diff(pullOf(admitted).number);
    const words: Record<string, string> = { A: 'added', M: 'modified', D: 'removed' };
    return files.map(({ path, status, patch }) => ({
      filename: path,
      status: words[status] ?? 'changed',
      patch,
    }));
  });

  gate.route('PUT', '/pulls/:number/merge', 'mergePull', 'contents', async admitted => {
    const { repository, account } = admitted;
    const pull = pullOf(admitted);
    const { sha, merge_method } = Merge.parse(await admitted.context.req.json());
    // [RUN] another head than the one that was looked at.
    if (sha !== undefined && sha !== (await repository.head(pull.head))) {
      throw new Refusal(409, 'Head branch was modified. Review and try the merge again.');
    }
    const how = { person: account.login, squash: merge_method === 'squash' };
    return {
      merged: true,
      sha: await repository.merge(pull.number, how),
      message: 'Pull Request successfully merged',
    };
  });
}

const ChangedPull = z
  .object({ title: z.string(), body: z.string().nullable(), state: z.enum(['open', 'closed']) })
  .partial();
const Merge = z.object({
  sha: z.string().optional(),
  merge_method: z.enum(['merge', 'squash']).default('merge'),
});
const NewPull = z.object({
  title: z.string().min(1).max(256),
  body: z.string().max(65_536).nullish(),
  head: z.string(),
  base: z.string(),
});

function pullOf({ repository, context }: Admitted): PullState {
  const pull = repository.pulls.find(each => each.number === Number(context.req.param('number')));
  if (pull === undefined) throw new Refusal(404, 'Not Found');
  return pull;
}

const invalid = (...errors: { field?: string; code: string; message?: string }[]) =>
  new Refusal(422, 'Validation Failed', {
    errors: errors.map(each => ({ resource: 'PullRequest', ...each })),
  });

async function createPull({ repository, context, account }: Admitted): Promise<PullState> {
  const { title, body = null, head: from, base } = NewPull.parse(await context.req.json());
  const owner = repository.name.split('/')[0];
  const head = from.startsWith(`${owner}:`) ? from.slice(`${owner}:`.length) : from;
  const [baseSha, headSha] = [await repository.head(base), await repository.head(head)];
  if (headSha === undefined) throw invalid({ field: 'head', code: 'invalid' });
  if (baseSha === undefined) throw invalid({ field: 'base', code: 'invalid' });
  // [DOC] one open pull request for a head and a base.
  if (repository.pulls.some(pull => pull.state === 'open' && pull.head === head && pull.base === base)) {
    throw invalid({ code: 'custom', message: `A pull request already exists for ${owner}:${head}.` });
  }
  // [DOC] and none without a commit.
  if ((await repository.git.commitsBetween(baseSha, headSha)).length === 0) {
    throw invalid({ code: 'custom', message: `No commits between ${base} and ${head}` });
  }
  const now = new Date().toISOString();
  const pull: PullState = {
    number: repository.pulls.length + 1,
    title,
    body,
    state: 'open',
    mergedAt: null,
    mergeCommit: null,
    head,
    base,
    author: account.login,
    createdAt: now,
    updatedAt: now,
  };
  repository.pulls.push(pull);
  return pull;
}

async function toPull(repository: RepositoryStandIn, pull: PullState, web: string): Promise<object> {
  const sides = { base: pull.ended?.base, head: pull.ended?.head };
  const side = async (branch: string, sha: string | undefined) => ({
    ref: branch,
    label: `${repository.name.split('/')[0]}:${branch}`,
    sha: sha ?? (await repository.head(branch)),
    repo: { full_name: repository.name },
  });
  return {
    number: pull.number,
    html_url: `${web}/${repository.name}/pull/${pull.number}`,
    state: pull.state,
    title: pull.title,
    body: pull.body,
    user: { login: pull.author },
    draft: false,
    merged_at: pull.mergedAt,
    merge_commit_sha: pull.mergeCommit,
    created_at: pull.createdAt,
    updated_at: pull.updatedAt,
    head: await side(pull.head, sides.head),
    base: await side(pull.base, sides.base),
  };
}
