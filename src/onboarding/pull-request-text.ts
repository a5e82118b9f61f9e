import { fewOf } from './few-of.ts';
import type { Target } from './request.ts';

/** The line of the body that names the thread; the only one that may differ between runs. */
const threadLine = /^Asked for in Slack: .*$/m;

/** Title and body of a pull request. */
export interface Text {
  title: string;
  body: string;
}

/** Title and body of the pull request, for a person who knows neither Holt nor the thread. */
export function describePull(
  { cluster, stage, names, gitops }: Target,
  {
    files,
    afterMerge,
    thread,
  }: { files: readonly string[]; afterMerge: readonly string[]; thread: string | undefined },
): Text {
  const reference =
    gitops.credentials === 'secretRef'
      ? 'Nothing of the credential is in Git: the values refer to the Secret.'
      : 'The client id stands in the values; the client secret is not in Git.';
  const lines = [
    `Connects the cluster **${cluster}** (${stage}) to Otterize.`,
    '',
    '| | |',
    '|---|---|',
    `| Organization | ${names.organization} |`,
    `| Environment | ${names.environment} |`,
    `| Integration | ${names.integration} |`,
    `| Key Vault | ${names.vault}: ${names.clientIdSecret}, ${names.clientSecretSecret} |`,
    '',
    `External Secrets reads the credentials, which are in the vault already, into the Secret ${gitops.externalSecret.secretName}. ${reference}`,
    '',
    'What changes:',
    ...files.map(file => `- \`${file}\``),
    '',
    'After the merge:',
    ...afterMerge.map(step => `- [ ] ${step}`),
    '',
    'To roll back, revert this pull request; organization, environment and secrets stay.',
    ...(thread === undefined ? [] : ['', `Asked for in Slack: ${thread}`]),
  ];
  return { title: `Onboard ${cluster} (${stage}) to Otterize`, body: lines.join('\n') };
}

/** GitHub takes no longer body than 65,536 characters: of more clusters the rest is in the diff. */
const mostRows = 300;
const mostLeft = 100;

/** Title and body of a pull request for several clusters. */
export function describeRollout(
  { cluster: selection, stage }: Target,
  {
    onboarded,
    left,
    afterMerge,
    thread,
  }: {
    onboarded: readonly Target[];
    /** Clusters that failed. */
    left: readonly string[];
    /** Of the first cluster. */
    afterMerge: readonly string[];
    thread: string | undefined;
  },
): Text {
  const [first] = onboarded;
  const rows = onboarded
    .slice(0, mostRows)
    .map(
      ({ cluster, names }) =>
        `| ${cluster} | ${names.organization} | ${names.environment} | ${names.vault} |`,
    );
  const lines = [
    `Connects **${onboarded.length} clusters** (${stage}) to Otterize, selected by \`${selection}\`.`,
    '',
    '| Cluster | Organization | Environment | Key Vault |',
    '|---|---|---|---|',
    ...rows,
    ...(onboarded.length > mostRows ? ['', `And ${onboarded.length - mostRows} more: see the files.`] : []),
    ...(left.length === 0
      ? []
      : [
          '',
          `Not in here, because they failed: ${fewOf(
            left.map(cluster => `\`${cluster}\``),
            mostLeft,
          )}.`,
        ]),
    '',
    'External Secrets reads the credentials, which are in the vaults already. No client secret is in Git.',
    '',
    `After the merge, for each cluster (here for ${first?.cluster ?? ''}):`,
    ...afterMerge.map(step => `- [ ] ${step}`),
    '',
    'To roll back, revert this pull request; organizations, environments and secrets stay.',
    ...(thread === undefined ? [] : ['', `Asked for in Slack: ${thread}`]),
  ];
  return { title: `Onboard ${onboarded.length} clusters (${stage}) to Otterize`, body: lines.join('\n') };
}

/** Whether a pull request says the same already, whichever thread it came from. */
export const saysTheSame = (
  pull: { title: string; body: string },
  wanted: { title: string; body: string },
): boolean => pull.title === wanted.title && strip(pull.body) === strip(wanted.body);

const strip = (body: string): string => body.replaceAll('\r\n', '\n').replace(threadLine, '').trim();
