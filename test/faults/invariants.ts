import { parse } from 'yaml';
import type { Run } from '../../src/onboarding/run.ts';
import type { Lane } from './lane.ts';
import { rootsOf, situationOf, threadOf } from './person.ts';

export interface Finding {
  invariant: string;
  detail: string;
}

export interface Witness {
  /** The run, and its history's lines in order. */
  run: Run | undefined;
  history: readonly { kind: string; about?: string }[];
  /** Root messages that may stand: one a run, one more when the store was emptied; a second run may have found all in place. */
  roots: number;
}

const invited = ['anna.meyer@harbour.example', 'ben.okafor@harbour.example'];

/** What is not as it must be when a run of this cluster has ended, whatever happened on the way. Empty when all is well. */
export async function findingsOf(lane: Lane, cluster: string, witness: Witness): Promise<Finding[]> {
  const found: Finding[] = [];
  const must = (invariant: string, holds: boolean, detail: unknown): void => {
    if (!holds)
      found.push({ invariant, detail: typeof detail === 'string' ? detail : JSON.stringify(detail) });
  };
  const { otterize, vault, github } = lane.sandbox;
  const { names, gitops } = lane.target(cluster);

  const named = otterize.state.organizations.filter(({ name }) => name === names.organization);
  must(
    'one organization',
    named.length === 1,
    named.map(({ id }) => id),
  );
  const id = named[0]?.id;
  const ofRun = <T extends { organizationId?: string }>(all: readonly T[]): T[] =>
    all.filter(({ organizationId }) => organizationId === id);

  const environments = ofRun(otterize.state.environments);
  must(
    'one environment',
    environments.length === 1 && environments[0]?.name === names.environment,
    environments,
  );
  const integrations = ofRun(otterize.state.integrations);
  must(
    'one integration',
    integrations.length === 1,
    integrations.map(each => each.id),
  );
  const live = integrations[0]?.credentials;
  for (const [name, value] of [
    [names.clientIdSecret, live?.clientId],
    [names.clientSecretSecret, live?.clientSecret],
  ] as const) {
    const versions = vault.values(names.vault, name);
    must(
      'the vault holds the live credentials',
      versions.at(-1) === value,
      `${name}: ${versions.length} versions`,
    );
    must(
      'versions differ only when values do',
      new Set(versions).size <= 1,
      `${name}: ${versions.length} versions`,
    );
  }

  const repository = github.repository(gitops.repository);
  const pulls = repository.pulls.filter(({ head }) => head === gitops.branch);
  must(
    'one pull request',
    pulls.length === 1 && pulls[0]?.state === 'open',
    pulls.map(({ number, state }) => [number, state]),
  );
  const files = pulls.length === 0 ? {} : await repository.files(gitops.branch);
  must(
    'the pull request has the values',
    isConnected(files[gitops.valuesPath]),
    files[gitops.valuesPath] ?? 'no file',
  );

  const invites = otterize.state.invites
    .filter(({ organization }) => organization.id === id)
    .map(({ email }) => email);
  const agreed = invited.filter(address => !isLeftOut(address, witness.run));
  must(
    'each approved address is invited once',
    JSON.stringify(invites.toSorted()) === JSON.stringify(agreed),
    invites,
  );

  const roots = rootsOf(lane, cluster);
  must('one root message', roots.length >= 1 && roots.length <= witness.roots, roots.length);
  const truths = ['Done', 'Done, everything is in place'].slice(0, witness.roots);
  must('the thread tells the truth', truths.includes(situationOf(lane, cluster)), situationOf(lane, cluster));
  const link = `${github.url}/${gitops.repository}/pull/${pulls[0]?.number}`;
  must('the thread has the link', JSON.stringify(threadOf(lane, cluster)).includes(link), link);
  must(
    'the run has ended',
    witness.run?.status === 'done' && witness.run.due === null,
    witness.run?.status ?? 'no run',
  );
  found.push(...inOrder(witness));
  return found;
}

/** No organization without an owner: each has the name of a target, was there before, or a person was asked about it. */
export function unexplained(
  lane: Lane,
  clusters: readonly string[],
  before: ReadonlySet<string>,
  /** Whether the records were lost: only then may people be asked. */
  lost: boolean,
): Finding[] {
  const names = new Set(clusters.map(cluster => lane.target(cluster).names.organization));
  const told = lost ? JSON.stringify(lane.sandbox.slack.messages().map(({ text }) => text)) : '';
  const strangers = lane.sandbox.otterize.state.organizations.filter(
    ({ id, name }) => !before.has(id) && !names.has(name) && !told.includes(id),
  );
  return strangers.length === 0
    ? []
    : [{ invariant: 'no organization is left unexplained', detail: strangers.map(({ id }) => id).join(' ') }];
}

/** Whether an approver of what was asked last left this person out. */
const isLeftOut = (address: string, run: Run | undefined): boolean =>
  run?.gates.at(-1)?.votes.some(({ without }) => without?.includes(address)) === true;

function isConnected(values: string | undefined): boolean {
  const data = parse(values ?? '') as {
    'otterize-kubernetes'?: { global?: { otterizeCloud?: unknown } };
  } | null;
  return data?.['otterize-kubernetes']?.global?.otterizeCloud !== undefined;
}

/** Every change was intended before it was recorded, and no invite before the approval. */
function inOrder({ history, run }: Witness): Finding[] {
  const found: Finding[] = [];
  const lineOf = (kind: string, about: (text: string) => boolean): number =>
    history.findIndex(line => line.kind === kind && about(line.about ?? ''));
  for (const [key, effect] of Object.entries(run?.effects ?? {})) {
    const recorded = lineOf('recorded', about => about === key);
    if (recorded < 0 || effect.result === undefined)
      found.push({ invariant: 'an audit line after each change', detail: key });
  }
  const approved = lineOf('approved', () => true);
  const intended = lineOf('intended', about => about.startsWith('invite '));
  if (intended >= 0 && (approved < 0 || intended < approved))
    found.push({
      invariant: 'no invite before an approval',
      detail: `line ${intended}, approved in ${approved}`,
    });
  return found;
}
