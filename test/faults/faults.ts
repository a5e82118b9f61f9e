import { parseArgs } from 'node:util';
import { demandRedis } from '../support/redis.ts';
import { type Cell, cellsOf, wordsOf } from './cells.ts';
import { faultPoints, type SufferOptions, suffer } from './faulting.ts';
import { chance } from './points.ts';

const { values: options } = parseArgs({
  options: {
    points: { type: 'string', default: '' },
    service: { type: 'string', default: '' },
    sample: { type: 'string', default: '' },
    seed: { type: 'string', default: '1' },
    lanes: { type: 'string', default: '2' },
    'call-ms': { type: 'string', default: '4000' },
    list: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

demandRedis();

const seed = Number(options.seed);

/** As `3,7-9`. */
const ranges = options.points
  .split(',')
  .filter(text => text !== '')
  .map(text => text.split('-').map(Number));
const isNamed = (number: number): boolean =>
  ranges.length === 0 || ranges.some(([from = 0, to = from]) => number >= from && number <= to);

function choose(all: readonly Cell[]): Cell[] {
  const wanted = all.filter(
    ({ number, fault }) => isNamed(number) && (options.service === '' || fault.service === options.service),
  );
  if (options.sample === '') return wanted;
  return wanted
    .toSorted((a, b) => chance(2 ** 32, seed, a.number) - chance(2 ** 32, seed, b.number))
    .slice(0, Number(options.sample));
}

const say = (line: string): void => void (options.json || console.log(line));

const all = cellsOf(await faultPoints());
const cells = choose(all);
if (options.list) {
  for (const { number, fault, point } of cells) say(`${number} ${fault.name} at ${wordsOf(point)}`);
  process.exit(0);
}

const progress: SufferOptions['progress'] = (done, news) => {
  for (const { mode, point, at, invariant, detail } of news)
    say(`${point} ${mode} at ${at}: ${invariant}: ${detail}`);
  if (done % 10 === 0 || done === cells.length) say(`${done} of ${cells.length}`);
};
const report = await suffer({
  cells,
  seed,
  lanes: Number(options.lanes),
  callMs: Number(options['call-ms']),
  progress,
});
for (const { at, invariant, detail } of report.violations.filter(({ point }) => point === 0))
  say(`${at}: ${invariant}: ${detail}`);
say(`${report.points} cells of ${all.length}, ${report.violations.length} violations, ${report.seconds} s`);
if (options.json) console.log(JSON.stringify(report));
process.exit(report.violations.length === 0 ? 0 : 1);
