import { type Link, longestChain, type Outside } from './chain.ts';
import { median, middleOne, round } from './figures.ts';
import { type Ground, openGround, quiet, until } from './ground.ts';

export interface Overhead {
  /** Wall time over the chain's time. */
  ratio: number;
  wallMs: number;
  chainMs: number;
  chain: Link[];
  /** The calls of the chain that a new cluster could do without. */
  avoidable: string[];
}

/** What nobody can do without for a new cluster, once each. */
export const needed = [
  'Otterize organizations create',
  'Otterize organizations update',
  'Otterize environments create',
  'Otterize integrations create',
  'Key Vault setSecret',
  'GitHub createTree',
  'GitHub createCommit',
  'GitHub createRef',
  'GitHub createPull',
];

const thread = ['Slack chat.postMessage', 'Slack chat.getPermalink'];
const signIn = ['Entra token', 'Entra discovery', 'Key Vault challenge'];
const secrets = ['Key Vault getSecret', 'Key Vault getDeletedSecret', 'Key Vault updateSecret'];
const directory = ['Entra listUsers', 'Entra transitiveMembers', 'Entra batch'];
const repository = [
  'GitHub getRepository',
  'GitHub listRefs',
  'GitHub getTree',
  'GitHub getBlob',
  'GitHub listPulls',
  'GitHub compare',
  'GitHub getCommit',
];
const lookingAtOtterize = ['Otterize version ', 'Otterize organizations list'];
const checks = [...signIn, ...secrets, ...directory, ...repository, ...lookingAtOtterize];
const toBegin = [...thread, ...checks];

/** What each call may wait for: what the steps need, and within a step what its code reads before it writes. */
const waitsFor: Readonly<Record<string, readonly string[]>> = {
  'Slack chat.postMessage': [],
  'Slack chat.getPermalink': ['Slack chat.postMessage'],
  'Entra token': signIn,
  'Entra discovery': signIn,
  'Key Vault challenge': [],
  'Entra listUsers': signIn,
  'Entra transitiveMembers': signIn,
  'Entra batch': signIn,
  'Otterize version ': [],
  'Otterize organizations list': [...toBegin, 'Otterize organizations create'],
  'Otterize organizations create': toBegin,
  'Otterize organizations update': ['Otterize organizations create', 'Otterize organizations list'],
  'Otterize environments list': ['Otterize organizations update'],
  'Otterize environments create': ['Otterize organizations update', 'Otterize environments list'],
  'Otterize integrations list': ['Otterize environments create'],
  'Otterize integrations create': ['Otterize environments create', 'Otterize integrations list'],
  ...Object.fromEntries(
    [...secrets, 'Key Vault setSecret'].map(call => [
      call,
      [
        ...signIn,
        ...secrets,
        'Key Vault setSecret',
        'Otterize integrations create',
        'Otterize environments create',
      ],
    ]),
  ),
  ...Object.fromEntries(repository.map(call => [call, [...repository, ...secrets, 'Key Vault setSecret']])),
  'GitHub createTree': [...repository, ...secrets, 'Key Vault setSecret'],
  'GitHub createCommit': ['GitHub createTree'],
  'GitHub createRef': ['GitHub createCommit'],
  'GitHub createPull': ['GitHub createRef'],
};

/**
 * From the acknowledged command until the pull request exists, over the longest chain of outside calls. Reads for the invites and
 * what is drawn in Slack lead to no pull request, so they are on no chain; whoever waits for them pays.
 */
export async function overhead({ runs, latencyMs }: { runs: number; latencyMs: number }): Promise<Overhead> {
  const ground = await openGround({ clusters: runs, latencyMs });
  try {
    await ground.open();
    const measured: Overhead[] = [];
    for (const cluster of ground.clusters) {
      measured.push(await measure(ground, cluster));
      await quiet(ground, latencyMs + 2_000);
    }
    const ratio = round(median(measured.map(each => each.ratio)), 3);
    return { ...middleOne(measured, each => each.ratio), ratio };
  } finally {
    await ground.close();
  }
}

async function measure(ground: Ground, cluster: string): Promise<Overhead> {
  const { slack, channel } = ground.sandbox;
  const typed = await slack.command(ground.people[0] ?? '', channel, '/otterize', `onboard ${cluster} prod`);
  const begun = Date.now();
  if (!typed.acknowledged) throw new Error(`the command was not taken: ${typed.error}`);
  const made = (calls: readonly Outside[]): Outside | undefined =>
    calls.findLast(({ call, at }) => call === 'GitHub createPull' && at >= begun);
  const last = await until(async () => made(await ground.outside()), `the pull request of ${cluster}`);
  const calls = (await ground.outside()).filter(({ at }) => at >= begun - typingMs);
  const chain = longestChain(calls, last, waitsFor);
  const chainMs = chain.reduce((sum, { ms }) => sum + ms, 0);
  const wallMs = last.at + last.ms - begun;
  return {
    ratio: wallMs / chainMs,
    wallMs: round(wallMs),
    chainMs: round(chainMs),
    chain: chain.map(({ call, ms }) => ({ call: call.trim(), ms: round(ms) })),
    avoidable: avoidableIn(chain),
  };
}

/** Work begins while the command is being acknowledged. */
const typingMs = 1_000;

function avoidableIn(chain: readonly Link[]): string[] {
  const left = [...needed];
  return chain.flatMap(({ call }) => {
    const at = left.indexOf(call);
    if (at < 0) return [call.trim()];
    left.splice(at, 1);
    return [];
  });
}
