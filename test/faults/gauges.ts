import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import type { Crew, Place } from './crew.ts';

interface Memory {
  /** Resident megabytes: at the first look, after a third of the time, at the last look, and the most ever seen. */
  first: number;
  third: number;
  last: number;
  most: number;
  /** From a third of the time to the end, in percent. */
  growth: number;
}

interface Gauge {
  memory: Memory;
  /** Open handles at the first and the last look. */
  handles: { first: number; last: number };
}

interface Gauges {
  look(): void;
  /** Of the processes that were never killed. */
  read(): Readings;
}

export type Readings = Record<Place['role'], Gauge>;

/** Looks at the elders of a crew: what they hold, and how that changes. */
export function createGauges({ places }: Crew): Gauges {
  const elders = places.filter(({ elder }) => elder);
  const seen = new Map(elders.map(place => [place, { resident: [] as number[], handles: [] as number[] }]));

  const read = (place: Place): Gauge => {
    const { resident = [], handles = [] } = seen.get(place) ?? {};
    const third = resident[Math.floor(resident.length / 3)] ?? 0;
    const last = resident.at(-1) ?? 0;
    const growth = third === 0 ? 0 : Math.round(((last - third) / third) * 1000) / 10;
    return {
      memory: { first: resident[0] ?? 0, third, last, most: Math.max(0, ...resident), growth },
      handles: { first: handles[0] ?? 0, last: handles.at(-1) ?? 0 },
    };
  };

  return {
    look() {
      for (const place of elders) {
        const folder = `/proc/${place.process?.pid}`;
        if (!existsSync(folder)) continue;
        const kilobytes = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`${folder}/status`, 'utf8'))?.[1] ?? 0);
        seen.get(place)?.resident.push(Math.round(kilobytes / 102.4) / 10);
        seen.get(place)?.handles.push(readdirSync(`${folder}/fd`).length);
      }
    },
    read: () => {
      const [bot, worker] = (['bot', 'worker'] as const).map(role => elders.find(each => each.role === role));
      if (bot === undefined || worker === undefined) throw new Error('a crew has a bot and a worker');
      return { bot: read(bot), worker: read(worker) };
    },
  };
}

/** How many keys of each kind a Redis holds; what belongs to one run or one moment counts under one name. */
export async function keysOf(url: string): Promise<Record<string, number>> {
  const redis = new Redis(url);
  const kinds: Record<string, number> = {};
  for (const key of await redis.keys('*')) {
    const kind = key.replace(/:(run-[0-9a-f-]+|slot-\d+|\d+|envelope-.*|onboard .*)(?=:|$)/g, ':*');
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  redis.disconnect();
  return kinds;
}

/** How many runs live, wait for their time, or are not shown as they stand; all nothing once everything has ended. */
export async function unfinished(url: string): Promise<Record<string, number>> {
  const redis = new Redis(url);
  const [live, due, behind, missing] = await Promise.all([
    redis.hlen('{holt}:live'),
    redis.zcard('{holt}:due'),
    redis.scard('{holt}:behind'),
    redis.hlen('{holt}:claims:organization-intents'),
  ]);
  redis.disconnect();
  return { live, due, behind, 'organizations asked for': missing };
}
