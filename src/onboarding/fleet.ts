import { UserError } from '../errors.ts';
import { defaults, durationMs, type Fleet, type Layer } from './fleet-schema.ts';
import { claimsOf, gitopsOf, gitopsProblems } from './gitops-target.ts';
import { RolloutPolicy, Target, type Who } from './request.ts';
import { didYouMean } from './suggest.ts';

type Plain = { [key: string]: unknown };

const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The later layer wins, key by key; lists are replaced whole. */
function merge(below: Plain, above: Plain): Plain {
  const merged: Plain = { ...below };
  for (const [key, value] of Object.entries(above)) {
    if (value === undefined) continue;
    const under = merged[key];
    merged[key] = isPlain(under) && isPlain(value) ? merge(under, value) : value;
  }
  return merged;
}

const clustersOf = (
  fleet: Fleet,
): Record<string, (Layer & { stages?: Record<string, Layer | null> | undefined }) | null> =>
  fleet.clusters === 'any' ? {} : fleet.clusters;

/** The clusters that holt.yaml lists. */
export const knownClusters = (fleet: Fleet): string[] => Object.keys(clustersOf(fleet));

export const isKnown = (fleet: Fleet, cluster: string): boolean => Object.hasOwn(clustersOf(fleet), cluster);

/** Everything that configuration says of a cluster at a stage, in the form that `Target` checks. */
function settingsOf(fleet: Fleet, cluster: string, stage: string): Plain {
  const { stages, clusters: _, startsPerMinute: __, discover: ___, ...top } = fleet;
  const { stages: own, ...clusterLayer } = clustersOf(fleet)[cluster] ?? {};
  const layers: (Layer | null | undefined)[] = [top, stages[stage], clusterLayer, own?.[stage]];
  return layers.reduce<Plain>((merged, layer) => merge(merged, layer ?? {}), { ...defaults });
}

export type Rights = Pick<Target, 'requesters'> & { approval: Pick<Target['approval'], 'approvers'> };

/**
 * Who may ask and who may approve there, and nothing else: to ask about every cluster at once, where names need not be right. Takes a
 * small part of the time of `resolveTarget`.
 */
export function rightsAt(fleet: Fleet, cluster: string, stage: string): Rights {
  const own = clustersOf(fleet)[cluster];
  const layers = [fleet, fleet.stages[stage], own, own?.stages?.[stage]];
  const lists = <T>(of: (layer: Layer) => T | undefined): (T | undefined)[] =>
    layers.map(layer => (layer ? of(layer) : undefined));
  return {
    requesters: whoIn(lists(({ requesters }) => requesters)),
    approval: { approvers: whoIn(lists(({ approval }) => approval?.approvers)) },
  };
}

const whoIn = (layers: readonly (Partial<Who> | undefined)[]): Who => ({
  users: layers.findLast(layer => layer?.users !== undefined)?.users ?? [],
  groups: layers.findLast(layer => layer?.groups !== undefined)?.groups ?? [],
});

/** How a rollout at this stage goes about it. */
export const rolloutPolicyOf = ({ stages, rollout }: Fleet, stage: string): RolloutPolicy =>
  RolloutPolicy.parse(merge(merge({ ...defaults.rollout }, { ...rollout }), { ...stages[stage]?.rollout }));

function render(value: unknown, cluster: string, stage: string): unknown {
  if (typeof value === 'string')
    return value.includes('{') ? value.replaceAll('{cluster}', cluster).replaceAll('{stage}', stage) : value;
  if (Array.isArray(value)) return value.map(each => render(each, cluster, stage));
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, render(each, cluster, stage)]));
}

/**
 * What holt.yaml says of a cluster at a stage, with all names rendered. Throws a UserError for a cluster or stage that is
 * not there (with a suggestion), for what is missing and for names that an outside system would refuse.
 */
export function resolveTarget(fleet: Fleet, cluster: string, stage: string): Target {
  const stages = Object.keys(fleet.stages);
  if (fleet.clusters !== 'any' && !isKnown(fleet, cluster)) {
    throw new UserError(
      'unknown-cluster',
      `I do not know the cluster ${cluster}.${didYouMean(cluster, knownClusters(fleet))} Clusters are listed in holt.yaml${fleet.discover === undefined ? '' : ' or have a folder in the repository'}, because an organization that is made by a typo cannot be deleted.`,
    );
  }
  if (!stages.includes(stage)) {
    throw new UserError(
      'unknown-stage',
      `I do not know the stage ${stage}.${didYouMean(stage, stages)} The stages are ${stages.join(', ')}.`,
    );
  }
  const { rollout: _, ...settings } = render(settingsOf(fleet, cluster, stage), cluster, stage) as Plain;
  const { expires, remindBefore, ...approval } = settings['approval'] as Plain;
  const parsed = Target.safeParse({
    ...settings,
    cluster,
    stage,
    approval: { ...approval, ...timesOf(String(expires), remindBefore as string | undefined) },
    gitops: gitopsOf(settings['gitops'] as Plain, `holt/${cluster}-${stage}`),
  });
  if (!parsed.success) {
    const missing = parsed.error.issues.map(({ path }) => path.join('.')).join(', ');
    throw new UserError('settings', `holt.yaml does not say for ${cluster} ${stage}: ${missing}.`);
  }
  const problems = problemsOf(parsed.data);
  if (problems.length > 0) throw new UserError('settings', `For ${cluster} ${stage}: ${problems.join(' ')}`);
  return parsed.data;
}

function timesOf(
  expires: string,
  remindBefore: string | undefined,
): Pick<Target['approval'], 'expiresMs' | 'remindBeforeMs'> {
  const expiresMs = durationMs(expires);
  const remindBeforeMs = remindBefore === undefined ? expiresMs / 4 : durationMs(remindBefore);
  return { expiresMs, ...(remindBeforeMs < expiresMs && { remindBeforeMs }) };
}

const otterizeName = /^[A-Za-z][A-Za-z0-9- _]{0,61}[A-Za-z0-9]$/;
const vaultName = /^[A-Za-z](?:-?[A-Za-z0-9]){2,23}$/;
const secretName = /^[0-9A-Za-z-]{1,127}$/;

function problemsOf({ names, requesters, approval, invite, mailDomains, gitops, labels }: Target): string[] {
  const problems: string[] = [];
  for (const kind of ['organization', 'environment', 'integration'] as const) {
    if (otterizeName.test(names[kind])) continue;
    problems.push(
      `Otterize takes no ${kind} named ${names[kind]}: 2 to 63 letters, digits, spaces, - and _, a letter first, no dots.`,
    );
  }
  if (!vaultName.test(names.vault) || names.vault.length > 24) {
    problems.push(
      `No vault can be named ${names.vault}: 3 to 24 letters, digits and single hyphens, a letter first.`,
    );
  }
  for (const name of [names.clientIdSecret, names.clientSecretSecret]) {
    if (!secretName.test(name))
      problems.push(`No secret can be named ${name}: letters, digits and hyphens, at most 127.`);
  }
  if (names.clientIdSecret === names.clientSecretSecret) problems.push('Both secrets have the same name.');
  if (requesters.users.length + requesters.groups.length === 0)
    problems.push('Nobody may ask: set requesters.');
  const { users, groups } = approval.approvers;
  if (users.length + groups.length === 0) problems.push('Nobody may approve: set approval.approvers.');
  if (groups.length === 0 && users.length < approval.required) {
    problems.push(`${approval.required} people must approve, but approval.approvers lists ${users.length}.`);
  }
  if (invite.people.length + invite.groups.length > 0 && mailDomains.length === 0) {
    problems.push('People are to be invited, but no domain is allowed: set mailDomains.');
  }
  problems.push(...gitopsProblems(gitops));
  if (Object.values(labels).some(value => value.includes('%'))) problems.push('A label has a percent sign.');
  return problems;
}

/** What is wrong with a fleet as a whole, each with the place in holt.yaml that it concerns. */
export function checkFleet(fleet: Fleet): { path: string[]; text: string }[] {
  const found: { path: string[]; text: string }[] = [];
  if (Object.keys(fleet.stages).length === 0) found.push({ path: ['stages'], text: 'There is no stage.' });
  if (fleet.clusters !== 'any' && fleet.discover === undefined && knownClusters(fleet).length === 0) {
    found.push({ path: ['clusters'], text: 'There is no cluster. List them, or say any.' });
  }
  // Where others may come, the settings are tried on names that nobody will use.
  const others = fleet.discover === undefined ? [] : ['some-cluster', 'other-cluster'];
  const tried: Fleet =
    fleet.clusters === 'any'
      ? fleet
      : {
          ...fleet,
          clusters: { ...fleet.clusters, ...Object.fromEntries(others.map(name => [name, null])) },
        };
  const clusters = fleet.clusters === 'any' ? ['some-cluster'] : knownClusters(tried);
  const holders = new Map<string, string>();
  for (const cluster of clusters) {
    const path = fleet.clusters === 'any' ? ['clusters'] : ['clusters', cluster];
    for (const stage of Object.keys(clustersOf(fleet)[cluster]?.stages ?? {})) {
      if (!Object.hasOwn(fleet.stages, stage)) {
        found.push({
          path: [...path, 'stages', stage],
          text: `There is no stage ${stage}.${didYouMean(stage, Object.keys(fleet.stages))}`,
        });
      }
    }
    for (const stage of Object.keys(fleet.stages)) {
      for (const text of clashes(tried, cluster, stage, holders)) found.push({ path, text });
    }
  }
  return found;
}

/** What no two targets may share: the second to use it would take over the first one's. */
function clashes(fleet: Fleet, cluster: string, stage: string, holders: Map<string, string>): string[] {
  try {
    const { names, gitops } = resolveTarget(fleet, cluster, stage);
    const me = `${cluster} ${stage}`;
    return [
      `the organization ${names.organization}`,
      `the secret ${names.clientIdSecret} in ${names.vault}`,
      `the secret ${names.clientSecretSecret} in ${names.vault}`,
      ...claimsOf(gitops),
    ].flatMap(thing => {
      const holder = holders.get(thing) ?? me;
      holders.set(thing, holder);
      return holder === me
        ? []
        : [`${me} and ${holder} would both use ${thing}. Put {cluster} or {stage} into its template.`];
    });
  } catch (error) {
    if (error instanceof UserError) return [error.message];
    throw error;
  }
}

/** Everybody whom the fleet gives a right: Slack users, and Slack user groups. */
export function everybodyIn(fleet: Fleet): Who {
  const layers = [
    fleet,
    ...Object.values(fleet.stages),
    ...Object.values(clustersOf(fleet)).flatMap(cluster => [
      cluster,
      ...Object.values(cluster?.stages ?? {}),
    ]),
  ];
  const listed = layers.flatMap(layer => [layer?.requesters ?? [], layer?.approval?.approvers ?? []].flat());
  return {
    users: [...new Set(listed.flatMap(({ users }) => users))],
    groups: [...new Set(listed.flatMap(({ groups }) => groups))],
  };
}
