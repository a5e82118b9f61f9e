import type { Target } from '../onboarding/request.ts';
import type { Run } from '../onboarding/run.ts';
import type { Sandbox } from './sandbox.ts';
import type { Told } from './story.ts';

export interface Report {
  run: { status: string; facts: Run['facts'] };
  steps: { fact: string; state: string; ms: number }[];
  thread: string[];
  pullRequest: { url: string; title: string; files: { path: string; patch: string }[] } | null;
  vault: { name: string; versions: number }[];
  invites: { email: string; status: string }[];
  calls: Record<string, number>;
  wallMs: number;
}

/** What became of an onboarding: the run's own state, and everything else as the stand-ins have it. */
export async function reportOn(sandbox: Sandbox, target: Target, told: Told, run: Run): Promise<Report> {
  const { slack, otterize, vault, github } = sandbox;
  const organization = otterize.state.organizations.find(({ name }) => name === target.names.organization);
  const secrets = vault.vault(target.names.vault).secrets.values();
  const calls: Record<string, number> = {};
  for (const { service } of sandbox.calls()) calls[service] = (calls[service] ?? 0) + 1;
  return {
    run: { status: run.status, facts: run.facts },
    steps: Object.entries(run.steps).map(([fact, step]) => ({
      fact,
      state: step?.error === undefined ? (step?.endedAt === undefined ? 'open' : 'done') : 'failed',
      ms: (step?.endedAt ?? run.updatedAt) - (step?.startedAt ?? run.updatedAt),
    })),
    thread: told.thread.map(message => slack.renderText(message)),
    pullRequest: await pullOf(github, target),
    vault: [...secrets].map(({ name, versions }) => ({ name, versions: versions.length })),
    invites: otterize.state.invites
      .filter(invite => invite.organization.id === organization?.id)
      .map(({ email, status }) => ({ email, status })),
    calls,
    wallMs: told.wallMs,
  };
}

async function pullOf(github: Sandbox['github'], { gitops }: Target): Promise<Report['pullRequest']> {
  const repository = github.repository(gitops.repository);
  const pull = repository.pulls.findLast(({ head }) => head === gitops.branch);
  if (pull === undefined) return null;
  const files = (await repository.diff(pull.number)).map(({ path, patch }) => ({ path, patch }));
  return { url: `${github.url}/${gitops.repository}/pull/${pull.number}`, title: pull.title, files };
}

/** The report as a person reads it in a terminal. */
export function printReport(report: Report, target: Target): string {
  const { pullRequest, vault, invites, calls } = report;
  const parts = [
    ...report.thread.map((text, index) => (index === 0 ? text : indent(text))),
    pullRequest === null
      ? 'No pull request.'
      : [
          `Pull request: ${pullRequest.title}`,
          pullRequest.url,
          ...pullRequest.files.map(({ path, patch }) => `\n${path}\n${indent(patch)}`),
        ].join('\n'),
    [
      `Key Vault ${target.names.vault}:`,
      ...vault.map(({ name, versions }) => `  ${name}: ${count(versions, 'version')}`),
    ].join('\n'),
    ['Invites:', ...invites.map(({ email, status }) => `  ${email}: ${status.toLowerCase()}`)].join('\n'),
    `Calls: ${Object.entries(calls)
      .map(([service, number]) => `${service} ${number}`)
      .join(', ')}; ${(report.wallMs / 1000).toFixed(1)} s`,
  ];
  return parts.join('\n\n');
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
const indent = (text: string): string => text.replaceAll(/^/gm, '    ');
