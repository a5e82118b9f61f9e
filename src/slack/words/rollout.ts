import type { Member, Rollout, RolloutPolicy } from '../../onboarding/request.ts';
import { type Line, listAskedAbout, type Roll } from '../../onboarding/roll.ts';
import type { Run } from '../../onboarding/run.ts';
import { foreign, joined, link, listed, type Markup, markup, nothing, user, words } from '../markup.ts';
import { facts, many, targetOf } from './run.ts';

// What is said about rollouts alone.

export const states: Readonly<Record<Line['state'], string>> = {
  looking: 'being looked at',
  queued: 'not begun',
  running: 'in progress',
  asking: 'waiting for the approval',
  obstructed: 'failed',
  done: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
};

const titleOf = (fact: string | undefined): string =>
  (facts as Readonly<Record<string, { title: string } | undefined>>)[fact ?? '']?.title ?? '';

/** The end of a table's row: why it failed, or what is being done. */
export const detail = ({ state, text, doing, connected }: Line): string => {
  if (text !== undefined && (state === 'failed' || state === 'obstructed')) return text;
  if (state === 'asking' || state === 'queued') return connected ? 'credentials in the vault' : '-';
  return titleOf(doing) || (connected ? 'credentials in the vault' : '-');
};

export const rollout = {
  title: (run: Run): string => `Onboarding ${targetOf(run)}`,
  caption: (run: Run): string => `Clusters of ${targetOf(run)}`,
  columns: ['Cluster', 'State', 'Detail'] as const,
  bar: (settled: number, all: number): string => {
    const full = all === 0 ? 0 : Math.round((settled / all) * 20);
    return `${'▓'.repeat(full)}${'░'.repeat(20 - full)}`;
  },
  counts: (counts: Readonly<Partial<Record<string, number>>>, all: number): Markup =>
    joined(
      [
        markup`${counts['done'] ?? 0} of ${all} done`,
        ...['in progress', 'waiting for the approval', 'not begun', 'being looked at', 'failed', 'cancelled']
          .filter(state => (counts[state] ?? 0) > 0)
          .map(state => markup`${counts[state] ?? 0} ${state}`),
      ],
      ', ',
    ),
  left: (minutes: number): Markup =>
    minutes < 1 ? words('Less than a minute left.') : markup`About ${many(minutes, 'minute')} left.`,
  more: (count: number): Markup => markup`and ${many(count, 'cluster')} more: press Details.`,
  leftOut: (leftOut: Rollout['leftOut']): Markup =>
    leftOut.length === 0
      ? nothing
      : markup`*Left out:* ${joined(
          leftOut.slice(0, 20).map(({ cluster, why }) => markup`${cluster} (${foreign(why, 200)})`),
          ', ',
        )}${leftOut.length > 20 ? ` and ${leftOut.length - 20} more` : ''}`,
  line: (cluster: string, line: Line): Markup => markup`*${cluster}*: ${states[line.state]}${end(line)}`,
  pulls: (run: Run): Markup =>
    joined(
      (run.facts.waves?.pulls ?? []).map(({ url, number, clusters, wave }) =>
        url === undefined
          ? markup`${wave === 0 ? '' : `Wave ${wave}: `}the repository has it all for ${many(clusters, 'cluster')}.`
          : markup`${wave === 0 ? 'The pull request' : `The pull request of wave ${wave}`} for ${many(clusters, 'cluster')}: ${link(url, `${run.request.target.gitops.repository}#${number ?? ''}`)}`,
      ),
      '\n',
    ),
  afterMerge: words('Once it is merged, do what its description lists under “After the merge”.'),
  done: (run: Run, done: number, failed: readonly string[]): Markup =>
    markup`Onboarding ${targetOf(run)} is over: ${many(done, 'cluster')} done${failed.length === 0 ? '' : `, left out because they failed: ${failed.slice(0, 20).join(', ')}`}.`,
};

const end = (line: Line): Markup => {
  const said = detail(line);
  return said === '-' ? nothing : markup` (${foreign(said, 250)})`;
};

/** What a person reads before a rollout begins. */
export const preview = {
  title: (selection: string, stage: string, count: number): Markup =>
    markup`*${selection} ${stage}* selects ${many(count, 'cluster')}:`,
  clusters: (members: readonly Pick<Member, 'cluster' | 'wave'>[]): Markup => {
    const waves = [...Map.groupBy(members, ({ wave }) => wave)];
    const lines = waves.map(([wave, its]) => {
      const names = its.slice(0, 12).map(({ cluster }) => cluster);
      const more = its.length > names.length ? ` and ${its.length - names.length} more` : '';
      return markup`• Wave ${wave}: ${names.join(', ')}${more}`;
    });
    const shown = lines.slice(0, 12);
    const rest = lines.length - shown.length;
    return joined([...shown, rest > 0 ? markup`• and ${many(rest, 'wave')} more` : nothing], '\n');
  },
  policy: ({ stopAfter, pullRequests }: RolloutPolicy, repository: string): Markup =>
    markup`After ${many(stopAfter, 'failed cluster')} nothing more is begun until you decide. ${
      {
        'per-rollout': 'One pull request',
        'per-wave': 'One pull request for each wave',
        'per-cluster': 'One pull request for each cluster',
      }[pullRequests]
    } in ${repository}. Organizations in Otterize cannot be deleted.`,
  changedNames: words('What holt.yaml says of it has changed since you were asked. Look again:'),
  changed: words('What this selects has changed since you were asked. Look again:'),
  question: words('Start?'),
};

export const views = {
  clusters: { title: 'Clusters', close: 'Close' },
  cluster: { title: 'One cluster', close: 'Back' },
  pages: (from: number, to: number, all: number): Markup => markup`${from} to ${to} of ${all}`,
};

export const steering = {
  goOn: { text: 'Continue', label: 'Go on without the failed clusters' },
  stop: { text: 'Stop', label: 'Begin nothing more and end with what is ready' },
  retryFailed: { text: 'Retry failed', label: 'Try the failed clusters again' },
  details: { text: 'Details', label: 'Show every cluster of this rollout' },
  open: 'Open',
  earlier: { text: 'Earlier', label: 'The clusters before these' },
  later: { text: 'Later', label: 'The clusters after these' },
};

export type Counts = Partial<Record<string, number>>;

/** How many clusters stand how, in people's words. */
export function countsOf(members: readonly Member[], roll: Roll): Counts {
  const counts: Counts = {};
  for (const { cluster } of members) {
    const state = states[roll[cluster]?.state ?? 'looking'];
    counts[state] = (counts[state] ?? 0) + 1;
  }
  return counts;
}

/** Of a rollout: the clusters whose list has this address. */
export const invitedToSeveral = (run: Run, address: string): Markup => {
  const { looked = { lists: [], of: {} } } = run.facts;
  const clusters = Object.keys(looked.of).filter(cluster =>
    listAskedAbout(looked, cluster)?.people.some(person => person.address === address),
  );
  return joined(
    [
      markup`You are invited to the organizations of ${many(clusters.length, 'cluster')} in Otterize (${run.request.target.stage}): ${listed(
        clusters.map(cluster => markup`${cluster}`),
        ', ',
        1500,
      )}; ${user(run.request.by.user)} asked for it.`,
      markup`To join, log in to ${link('https://app.otterize.com', 'Otterize Cloud')} with the address ${address} and accept the invites. Otterize sends no mail about them.`,
    ],
    '\n',
  );
};
