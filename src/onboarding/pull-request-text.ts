import type { Target } from './request.ts';

/** The line of the body that names the thread; the only one that may differ between runs. */
const threadLine = /^Asked for in Slack: .*$/m;

/** Title and body of the pull request, for a person who knows neither Holt nor the thread. */
export function describePull(
  { cluster, stage, names, gitops }: Target,
  {
    files,
    afterMerge,
    thread,
  }: { files: readonly string[]; afterMerge: readonly string[]; thread: string | undefined },
): { title: string; body: string } {
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

/** Whether a pull request says the same already, whichever thread it came from. */
export const saysTheSame = (
  pull: { title: string; body: string },
  wanted: { title: string; body: string },
): boolean => pull.title === wanted.title && strip(pull.body) === strip(wanted.body);

const strip = (body: string): string => body.replaceAll('\r\n', '\n').replace(threadLine, '').trim();
