import { parseArgs } from 'node:util';
import { demandRedis } from '../support/redis.ts';
import { soak } from './soaking.ts';

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '2' },
    clusters: { type: 'string', default: '8' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});

demandRedis();
const report = await soak({
  minutes: Number(options.minutes),
  clusters: Number(options.clusters),
  seed: Number(options.seed),
  progress: line => {
    if (!options.json) console.log(line);
  },
});
if (options.json) console.log(JSON.stringify(report));
else {
  const { violations, evidence, ...figures } = report;
  console.log(JSON.stringify(figures, undefined, 2));
  for (const { point, invariant, detail } of violations)
    console.log(`seed ${options.seed}, cluster ${point}: ${invariant}: ${detail}`);
  if (evidence !== undefined) console.log(`Logs, calls, messages and records are in ${evidence}.`);
  console.log(
    `${report.points} clusters, ${report.kills} kills, ${violations.length} violations, ${report.seconds} s`,
  );
}
process.exit(report.violations.length === 0 ? 0 : 1);
