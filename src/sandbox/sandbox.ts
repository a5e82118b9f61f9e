import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Fleet } from '../onboarding/fleet-schema.ts';
import type { Target } from '../onboarding/request.ts';
import { createCertificate } from './certificate.ts';
import { type EntraStandIn, startEntra } from './entra.ts';
import { type GitHubStandIn, startGitHub } from './github.ts';
import { type KeyVaultStandIn, startKeyVault } from './key-vault.ts';
import type { Call } from './kit.ts';
import type { Breach } from './meter.ts';
import { type OtterizeCloud, startOtterizeCloud } from './otterize.ts';
import type { OtterizeSwitches } from './otterize-cloud.ts';
import { peopleOf, seedDirectory } from './people.ts';
import { type SlackStandIn, startSlack } from './slack.ts';

export interface SandboxOptions {
  fleet: Fleet;
  /** What will be onboarded: the vaults, repositories and groups that these name are there. */
  targets: readonly Target[];
  /** Milliseconds that each call takes. */
  latencyMs?: number;
  /** What nobody outside knows of Otterize, one way or the other. */
  unknowns?: Partial<OtterizeSwitches>;
  /** The program to use as the `otterize` CLI; the sandbox's own when left out. */
  cli?: string | undefined;
}

export interface Sandbox {
  slack: SlackStandIn;
  otterize: OtterizeCloud;
  entra: EntraStandIn;
  vault: KeyVaultStandIn;
  github: GitHubStandIn;
  /** The channel in which people ask. */
  channel: string;
  /** Slack ids of somebody who may ask and of somebody who may approve. */
  requester: string;
  approver: string;
  /** What each person may do, in words, by Slack id. */
  parts: Readonly<Record<string, string>>;
  /** A folder of its own, removed by `close`. */
  folder: string;
  /** The environment with which the product meets the stand-ins: all of what `npm start` reads but HOLT_CONFIG and REDIS_URL. */
  environment: Record<string, string>;
  /** The calls of all services. */
  calls(): Call[];
  /** Whatever was too much for the real services, of all of them. */
  breaches(): Breach[];
  /** Lifts every limit. */
  liftLimits(): void;
  close(): Promise<void>;
}

const ownCli = fileURLToPath(new URL('otterize-cli.ts', import.meta.url));

/** Starts a stand-in of each outside system on loopback, seeded with what a fleet speaks of. */
export async function startSandbox({
  fleet,
  targets,
  latencyMs = 0,
  unknowns = {},
  cli,
}: SandboxOptions): Promise<Sandbox> {
  const folder = await mkdtemp(join(tmpdir(), 'holt-sandbox-'));
  const tls = await createCertificate();
  const authority = join(folder, 'authority.pem');
  await writeFile(authority, tls.cert);

  const people = peopleOf(fleet);
  const [slack, otterize, entra, github] = await Promise.all([
    startSlack({
      users: people.users,
      userGroups: people.groups,
      channels: [{ name: people.channel }],
      latencyMs,
    }),
    startOtterizeCloud({ ...unknowns, latencyMs }),
    startEntra({ tls, latencyMs }),
    startGitHub({ repositories: repositoriesOf(targets), latencyMs }),
  ]);
  const vault = await startKeyVault({ tls, entra, latencyMs });
  for (const { names } of targets) vault.vault(names.vault);
  seedDirectory(entra, targets);

  const standIns = [slack, otterize, entra, vault, github];
  return {
    slack,
    otterize,
    entra,
    vault,
    github,
    channel: people.channel,
    requester: people.requester,
    approver: people.approver,
    parts: people.parts,
    folder,
    environment: {
      PATH: process.env['PATH'] ?? '',
      NODE_EXTRA_CA_CERTS: authority,
      HOLT_DATA: join(folder, 'holt.sqlite'),
      HOLT_HTTP_HOST: '127.0.0.1',
      HOLT_HTTP_PORT: '0',
      SLACK_BOT_TOKEN: slack.botToken,
      SLACK_APP_TOKEN: slack.appToken,
      SLACK_API_URL: slack.apiUrl,
      OTTERIZE_CLI: cli ?? ownCli,
      OTTERIZE_API_ADDRESS: otterize.apiAddress,
      OTTERIZE_TOKEN: otterize.token,
      OTTERIZE_ORG_ID: otterize.startOrganization,
      AZURE_AUTH: 'client-secret',
      AZURE_TENANT_ID: entra.tenantId,
      AZURE_CLIENT_ID: entra.clientId,
      AZURE_CLIENT_SECRET: entra.clientSecret,
      AZURE_AUTHORITY_HOST: entra.url,
      GRAPH_URL: entra.url,
      KEY_VAULT_URL: vault.vaultUrl,
      GITHUB_API_URL: github.url,
      GITHUB_TOKEN: github.token,
    },
    calls: () => standIns.flatMap(({ calls }) => calls),
    breaches: () => standIns.flatMap(({ meter }) => meter.breaches),
    liftLimits() {
      for (const { meter } of standIns) meter.factor = Number.POSITIVE_INFINITY;
    },
    async close() {
      await Promise.all(standIns.map(each => each.close()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Each repository with its base branch: another cluster's values that stay as they are, or the chart that all share. */
function repositoriesOf(
  targets: readonly Target[],
): Record<string, { branch: string; files: Record<string, string> }> {
  const files = {
    'README.md': '# Clusters\n',
    'cluster/legacy-eu/security/otterize/values.yaml': '# Somebody else’s.\notterize-kubernetes: {}\n',
  };
  const chart = 'apiVersion: v2\nname: otterize-kubernetes\n';
  return Object.fromEntries(
    targets.flatMap(({ gitops: { repository, base, chartRepository, chartBase = base, chartPath } }) => [
      ...(chartRepository === undefined
        ? []
        : [[chartRepository, { branch: chartBase, files: { [`${chartPath}/Chart.yaml`]: chart } }] as const]),
      [repository, { branch: base, files }] as const,
    ]),
  );
}
