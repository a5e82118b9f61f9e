import { parseArgs } from 'node:util';
import { cells, suffer } from './faulting.ts';
import { chance } from './points.ts';

const { values: options } = parseArgs({
  options: {
    points: { type: 'string', default: '' },
    service: { type: 'string', default: '' },
    sample: { type: 'string', default: '' },
    seed: { type: 'string', default: '1' },
    lanes: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
  },
});

const all = await cells('redis');
const [from = 1, to = from] = options.points === '' ? [1, all.length] : options.points.split('-').map(Number);
const wanted = all.filter(
  ({ number, fault }) =>
    number >= from && number <= to && (options.service === '' || fault.service === options.service),
);
const chosen =
  options.sample === ''
    ? wanted
    : wanted
        .toSorted((a, b) => chance(2 ** 32, options.seed, a.number) - chance(2 ** 32, options.seed, b.number))
        .slice(0, Number(options.sample));

const report = await suffer('redis', chosen, Number(options.lanes), (done, violations) => {
  if (!options.json && done % 10 === 0)
    console.log(`${done} of ${chosen.length}: ${violations.length} violations`);
});
if (options.json) console.log(JSON.stringify(report));
else {
  for (const { mode, point, at, invariant, detail } of report.violations)
    console.log(`${point} ${mode} at ${at}: ${invariant}: ${detail}`);
  console.log(
    `${report.points} cells of ${all.length}, ${report.violations.length} violations, ${report.seconds} s`,
  );
}
process.exit(report.violations.length === 0 ? 0 : 1);
