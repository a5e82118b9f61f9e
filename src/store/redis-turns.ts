import type { Redis } from 'ioredis';
import type { Turns } from '../onboarding/turns.ts';
import { defineScript, told } from './script.ts';

const keys = {
  /** List of the moments for which places were given, in order; the last ones that matter to a rate. */
  given: (key: string) => `{holt}:turns:${key}:given`,
  /** Expires with the pause. */
  paused: (key: string) => `{holt}:turns:${key}:paused`,
  /** The last moment that somebody was told to come back at. */
  told: (key: string) => `{holt}:turns:${key}:told`,
};

// Moments are Redis's own, so that no process's clock counts.
const takeScript = `
local given, paused, told = unpack(KEYS)
local cost, patience = tonumber(ARGV[1]), tonumber(ARGV[2])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local at = math.max(now, tonumber(redis.call('LINDEX', given, -1) or 0), now + redis.call('PTTL', paused))
local kept, longest, apart, quickest = 0, 0, nil, math.huge
for i = 3, #ARGV, 2 do
  local most, within = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
  local spacing = math.ceil(within * cost / most)
  local inTheWay = redis.call('LINDEX', given, math.min(cost, most) - most - 1)
  if inTheWay and inTheWay + within >= at then at, apart = inTheWay + within, spacing end
  kept, longest, quickest = math.max(kept, most), math.max(longest, within), math.min(quickest, spacing)
end
if at - now > patience then
  local again = math.min(math.max(at, tonumber(redis.call('GET', told) or 0)), at + longest)
  local after = again + (apart or quickest)
  redis.call('SET', told, string.format('%.0f', after), 'PX', after - now)
  return again - now
end
for _ = 1, math.min(cost, kept) do redis.call('RPUSH', given, string.format('%.0f', at)) end
redis.call('LTRIM', given, -kept, -1)
redis.call('PEXPIRE', given, longest + patience)
return at - now`;

const pauseScript = `
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], '', 'PX', ARGV[1]) end
return 1`;

/** Places that any number of processes share through Redis. A key is forgotten when nothing under it counts any more. */
export function createRedisTurns(redis: Redis): Turns {
  const take = defineScript(redis, 'holtTake', 3, takeScript);
  const pause = defineScript(redis, 'holtPause', 1, pauseScript);
  return {
    take: async ({ key, rates }, cost, patienceMs) => {
      const places = [keys.given(key), keys.paused(key), keys.told(key)];
      const words = rates.flatMap(({ most, withinMs }) => [most, withinMs]);
      return Number(await told('take a turn', take(...places, cost, patienceMs, ...words)));
    },
    pause: async (key, ms) => {
      if (ms >= 1) await told('pause', pause(keys.paused(key), Math.ceil(ms)));
    },
    pausedFor: async key => Math.max(0, await told('look for a pause', redis.pttl(keys.paused(key)))),
  };
}
