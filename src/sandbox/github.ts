import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AppCredentials, createGate, defaultSwitches, type GitHubSwitches } from './github-gate.ts';
import { addPages } from './github-pages.ts';
import { addPullRoutes } from './github-pulls.ts';
import { createRepositoryStandIn, type RepositoryStandIn } from './github-repository.ts';
import { addGitRoutes } from './github-routes.ts';
import { createStandIn, randomId, type StandIn } from './kit.ts';

interface NewRepository {
  /** Files of its first commit, beside a README. */
  files?: Record<string, string>;
  /** Its first and default branch; `main` unless given. */
  branch?: string;
}

interface GitHubOptions {
  /** The repositories that are there at first, `owner/name` to what they hold. */
  repositories?: Record<string, NewRepository>;
  latencyMs?: number;
}

/** GitHub's REST API over bare Git repositories in a temporary folder. */
export interface GitHubStandIn extends StandIn {
  /** A user's token that is accepted. */
  token: string;
  switches: GitHubSwitches;
  /** The credentials of a GitHub App that is installed; its key is made at the first call. */
  app(): AppCredentials;
  /** Every token that is accepted. */
  tokens(): string[];
  addRepository(name: string, content?: NewRepository): Promise<RepositoryStandIn>;
  repositories(): readonly RepositoryStandIn[];
  /** A repository by its present name; throws when there is none. */
  repository(name: string): RepositoryStandIn;
  /** Forgets everything but the token and the App, and begins with the options again. */
  reset(): Promise<void>;
}

/** Needs git 2.38 or newer on the path. `close` removes the folder. */
export async function startGitHub({
  repositories = {},
  latencyMs = 0,
}: GitHubOptions = {}): Promise<GitHubStandIn> {
  const folder = await mkdtemp(join(tmpdir(), 'holt-github-'));
  const token = `ghp_${randomId(36)}`;
  const tokens = new Map([[token, { login: 'holt-user', app: false }]]);
  const switches = defaultSwitches();
  const present: RepositoryStandIn[] = [];
  const builder = createStandIn({ service: 'GitHub', latencyMs });
  const gate = createGate({ builder, repositories: present, switches, tokens });
  let web = '';
  addGitRoutes(gate, switches);
  addPullRoutes(gate, () => web);
  addPages(builder.app, present);

  async function addRepository(name: string, content: NewRepository = {}): Promise<RepositoryStandIn> {
    const repository = await createRepositoryStandIn(name, join(folder, `${randomId()}.git`), content);
    present.push(repository);
    return repository;
  }

  async function seed(): Promise<void> {
    for (const [name, content] of Object.entries(repositories)) await addRepository(name, content);
  }

  await seed();
  const standIn = await builder.listen();
  web = standIn.url;
  const closeServer = standIn.close;

  return Object.assign(standIn, {
    token,
    switches,
    app: gate.app,
    tokens: () => [...tokens.keys()],
    addRepository,
    repositories: () => present,
    repository(name: string) {
      const found = present.find(each => each.name === name);
      if (found === undefined) throw new Error(`the stand-in has no repository ${name}`);
      return found;
    },
    async reset() {
      present.length = 0;
      standIn.calls.length = 0;
      standIn.faults.length = 0;
      standIn.meter.reset();
      Object.assign(switches, defaultSwitches());
      await seed();
    },
    close: async () => {
      await closeServer();
      await rm(folder, { recursive: true, force: true });
    },
  });
}
