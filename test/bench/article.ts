import { medianOf, round } from './figures.ts';
import { type Ground, openGround } from './ground.ts';
import { openManual } from './manual.ts';
import { onboardAnew, signInEverywhere } from './people.ts';

export interface Article {
  /** How many times faster Holt is than the manual way, one cluster after the other and all at once. */
  vsSequential: number;
  vsParallel: number;
  holtMs: number;
  sequentialMs: number;
  parallelMs: number;
}

interface ArticleOptions {
  clusters: number;
  runs: number;
  latencyMs: number;
}

/** The manual way of the article over the same stand-ins, against Holt, which also checks, approves and records. Both are signed in. */
export async function article({ clusters, runs, latencyMs }: ArticleOptions): Promise<Article> {
  const options = { clusters, latencyMs };
  const holtMs = await medianOf(runs, () => onboardAnew(options, signInEverywhere));
  const parallelMs = await medianOf(runs, () => byHand(options, 'at once'));
  // As long as the others together, and as even as anything can be.
  const sequentialMs = await byHand(options, 'in turn');
  return {
    vsSequential: round(sequentialMs / holtMs, 2),
    vsParallel: round(parallelMs / holtMs, 2),
    holtMs: round(holtMs),
    sequentialMs: round(sequentialMs),
    parallelMs: round(parallelMs),
  };
}

type Options = Parameters<typeof openGround>[0];

async function byHand(options: Options, how: 'in turn' | 'at once'): Promise<number> {
  const ground = await openGround(options);
  const manual = await openManual(ground);
  try {
    for (const { calls } of standInsOf(ground)) calls.length = 0;
    const began = performance.now();
    if (how === 'at once') await manual.commit(await Promise.all(ground.clusters.map(manual.onboard)));
    else for (const cluster of ground.clusters) await manual.commit([await manual.onboard(cluster)]);
    const ms = performance.now() - began;
    checkCalls(ground, how);
    return ms;
  } finally {
    await manual.close();
    await ground.close();
  }
}

const standInsOf = ({ sandbox: { otterize, entra, vault } }: Ground) => [otterize, entra, vault];

/** The article's list, with the four members of the group. */
const listed = [
  'createOrganization',
  'updateOrganization',
  'getUser',
  'createInvite',
  'transitiveMembers',
  ...Array.from({ length: 4 }, () => 'createInvite'),
  'createEnvironment',
  'createIntegration',
  'setSecret',
  'setSecret',
];

/** Throws unless the manual way called what the article lists and nothing else. */
function checkCalls(ground: Ground, how: 'in turn' | 'at once'): void {
  const called = standInsOf(ground)
    .flatMap(({ calls }) => calls)
    .toSorted((a, b) => a.at - b.at)
    .map(({ operation }) => operation);
  const expected = ground.clusters.flatMap(() => listed);
  const same =
    how === 'in turn'
      ? called.join() === expected.join()
      : called.toSorted().join() === expected.toSorted().join();
  if (!same) throw new Error(`the manual way called otherwise than the article: ${called.join(' ')}`);
}
