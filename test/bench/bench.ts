import { parseArgs } from 'node:util';
import { ack } from './ack.ts';
import { article } from './article.ts';
import { fleet } from './fleet.ts';
import { overhead } from './overhead.ts';
import { start } from './start.ts';
import { tableOf } from './table.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    /** How often each is measured; the medians count. */
    runs: { type: 'string', default: '5' },
    /** Milliseconds that each outside call takes. */
    latency: { type: 'string', default: '200' },
    /** Clusters at once: one number, for fleet several with commas between them. */
    clusters: { type: 'string' },
    /** For ack: commands for each load, and for how many seconds Redis stalls. */
    commands: { type: 'string', default: '2000' },
    stall: { type: 'string', default: '10' },
  },
});

const runs = Number(values.runs);
const latencyMs = Number(values.latency);
const sizes = (usual: string): number[] => (values.clusters ?? usual).split(',').map(Number);

const benchmarks: Record<string, () => Promise<object>> = {
  overhead: () => overhead({ runs, latencyMs }),
  article: () => article({ clusters: sizes('25')[0] ?? 25, runs, latencyMs }),
  fleet: () => fleet({ sizes: sizes('1,25'), runs: Math.min(runs, 3), latencyMs }),
  ack: () =>
    ack({
      commands: Number(values.commands),
      inFlight: [25, 100, 1_000],
      workers: 4,
      stallMs: Number(values.stall) * 1_000,
      latencyMs,
    }),
  start: () => start({ runs, idleMs: 3_000 }),
};

const names = positionals.length === 0 ? Object.keys(benchmarks) : positionals;
const unknown = names.filter(name => benchmarks[name] === undefined);
if (unknown.length > 0) {
  console.error(
    `There is no benchmark ${unknown.join(', ')}. There are ${Object.keys(benchmarks).join(', ')}.`,
  );
  process.exit(78);
}

const documents: Record<string, object> = {};
for (const name of names) {
  const document = await benchmarks[name]?.();
  if (document === undefined) continue;
  documents[name] = document;
  console.log(`${name}\n${tableOf(document)}\n`);
}
if (values.json)
  console.log(JSON.stringify(positionals.length === 1 ? documents[names[0] ?? ''] : documents));
