import { parseArgs } from 'node:util';
import { demandRedis } from '../support/redis.ts';
import { type Mode, modes } from './modes.ts';
import { chance, type Point } from './points.ts';
import { type Job, pointsOf, sweep, type Violation } from './sweeping.ts';

const { values: options } = parseArgs({
  options: {
    modes: { type: 'string', default: '' },
    points: { type: 'string', default: '' },
    sample: { type: 'string', default: '' },
    seed: { type: 'string', default: '1' },
    store: { type: 'string', default: 'redis' },
    lanes: { type: 'string', default: '2' },
    unkind: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

const seed = Number(options.seed);
/** A frozen process keeps the lock of the embedded store, so nobody can succeed it there. */
const possible: readonly Mode[] =
  options.store === 'embedded' ? modes.filter(mode => mode !== 'zombie') : modes;
const wanted =
  options.modes === '' ? possible : possible.filter(mode => options.modes.split(',').includes(mode));

function choose(points: readonly Point[]): Job[] {
  const [from = 1, to = from] =
    options.points === '' ? [1, points.length] : options.points.split('-').map(Number);
  const jobs = points
    .filter(({ number }) => number >= from && number <= to)
    .flatMap(point => wanted.map(mode => ({ mode, point })));
  if (options.sample === '') return jobs;
  return jobs
    .map(job => ({ job, rank: chance(2 ** 32, seed, job.mode, job.point.number) }))
    .toSorted((a, b) => a.rank - b.rank)
    .slice(0, Number(options.sample))
    .map(({ job }) => job);
}

const unkind = { secretReadableAgain: 'masked', duplicateNames: 'allowed', listLagMs: 700 } as const;
const store = options.store === 'embedded' ? 'embedded' : 'redis';
if (store === 'redis') demandRedis();
const unknowns = options.unkind ? unkind : {};
let told = 0;
const inWords = ({ mode, point, at, invariant, detail }: Violation): string =>
  `${mode} at ${point} (${at}): ${invariant}: ${detail}`;

const report = await sweep({
  store,
  seed,
  unknowns,
  lanes: Number(options.lanes),
  jobs: choose(await pointsOf(store, unknowns)),
  progress: (done, all, violations) => {
    if (options.json) return;
    for (const violation of violations.slice(told)) console.log(inWords(violation));
    told = violations.length;
    if (done % 10 === 0 || done === all) console.log(`${done} of ${all}: ${told} violations`);
  },
});
if (options.json) console.log(JSON.stringify(report));
else {
  for (const violation of report.violations.slice(told)) console.log(inWords(violation));
  console.log(
    `${report.points} points, ${report.unreached.length} not reached, ${report.kills} kills, ${report.violations.length} violations, ${report.seconds} s`,
  );
}
process.exit(report.violations.length === 0 ? 0 : 1);
