import type { Redis } from 'ioredis';
import type { Claims, Problem } from '../onboarding/ports.ts';
import type { Entry, Store } from '../onboarding/store.ts';
import { redisFailure } from './connection.ts';
import { createRedisTurns } from './redis-turns.ts';
import { defineScript, told } from './script.ts';

// One hash tag, so that a cluster keeps all of it in one slot and every script may touch all of it.
const keys = {
  /** Hash: revision, document; version, shows, mark. */
  run: (id: string) => `{holt}:run:${id}`,
  /** List of audit lines. */
  history: (id: string) => `{holt}:history:${id}`,
  /** Hash: a member's name to its line. */
  roll: (id: string) => `{holt}:roll:${id}`,
  /** Hash: id to the run that holds it. */
  claims: (pool: string) => `{holt}:claims:${pool}`,
  /** Hash: subject to the live run. */
  live: '{holt}:live',
  /** Hash: subject to its newest run. */
  latest: '{holt}:latest',
  /** List of ids, newest first. */
  recent: '{holt}:recent',
  /** Sorted set: id by due time. */
  due: '{holt}:due',
  /** Set of ids. */
  behind: '{holt}:behind',
  /** Text; may expire. */
  note: (name: string) => `{holt}:note:${name}`,
  /** Counter that expires. */
  admitted: (key: string) => `{holt}:admitted:${key}`,
};

// Documents pass through the scripts as they are: Lua's JSON would turn an empty list into an empty object.
// A thread that shows other runs too is behind when one of them changes, if it has begun.
const tellScript = `
local function tell(behind, id, roll, other, within, member, line)
  if within == '' then return redis.call('SADD', behind, id) end
  redis.call('HSET', roll, member, line)
  if redis.call('EXISTS', other) == 1 then
    redis.call('HSET', other, 'shows', 0)
    redis.call('SADD', behind, within)
  end
end`;

const insertScript = `${tellScript}
local run, history, live, latest, recent, due, behind, roll, other = unpack(KEYS)
local id, revision, subject, at, document, audit, within, member, line = unpack(ARGV)
if redis.call('EXISTS', run) == 1 then return id end
local holder = redis.call('HGET', live, subject)
if holder then return holder end
redis.call('HSET', run, 'revision', revision, 'document', document)
redis.call('RPUSH', history, audit)
redis.call('HSET', latest, subject, id)
if within == '' then redis.call('LPUSH', recent, id) end
tell(behind, id, roll, other, within, member, line)
if at ~= '' then
  redis.call('HSET', live, subject, id)
  redis.call('ZADD', due, at, id)
end
return id`;

const swapScript = `${tellScript}
local run, history, live, due, behind, roll, other = unpack(KEYS)
local id, revision, subject, at, document, audit, within, member, line, before = unpack(ARGV)
if redis.call('HGET', run, 'revision') ~= before then return 'stale' end
local holder = redis.call('HGET', live, subject)
if at ~= '' and holder and holder ~= id then return 'held' end
redis.call('HSET', run, 'revision', revision, 'document', document)
redis.call('RPUSH', history, audit)
tell(behind, id, roll, other, within, member, line)
if at ~= '' then
  redis.call('HSET', live, subject, id)
  redis.call('ZADD', due, at, id)
else
  if holder == id then redis.call('HDEL', live, subject) end
  redis.call('ZREM', due, id)
end
return 'swapped'`;

const markScript = `
local run, behind = unpack(KEYS)
local id, version, shows, mark, before = unpack(ARGV)
local revision = redis.call('HGET', run, 'revision')
if not revision or (redis.call('HGET', run, 'version') or '0') ~= before then return 0 end
redis.call('HSET', run, 'version', version, 'shows', shows, 'mark', mark)
redis.call(shows == revision and 'SREM' or 'SADD', behind, id)
return 1`;

const claimScript = `
redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2])
return redis.call('HGET', KEYS[1], ARGV[1])`;

const admitScript = `
local most, ms = unpack(ARGV)
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ms) end
return count <= tonumber(most) and 1 or 0`;

const wordsOf = (
  { id, revision, subject, due, document, within }: Entry,
  audit: string,
): (string | number)[] => [
  id,
  revision,
  subject,
  due ?? '',
  document,
  audit,
  within?.run ?? '',
  within?.member ?? '',
  within?.line ?? '',
];

/** The keys of whatever has this run within it; of nothing, when nothing has. */
const above = ({ within }: Entry): string[] => [keys.roll(within?.run ?? ''), keys.run(within?.run ?? '')];

/**
 * Documents in Redis 7 or newer. The store closes the connection that it is given. `allowVolatile` accepts a Redis that does
 * not write to disk, for trying things out.
 */
export function createRedisStore(redis: Redis, { allowVolatile = false } = {}): Store {
  const insert = defineScript(redis, 'holtInsert', 9, insertScript);
  const swap = defineScript(redis, 'holtSwap', 7, swapScript);
  const setMark = defineScript(redis, 'holtSetMark', 2, markScript);
  const admit = defineScript(redis, 'holtAdmit', 1, admitScript);
  const { live, latest, recent, due, behind } = keys;

  return {
    claims: createClaims(redis),
    notes: {
      read: async name => (await told('read a note', redis.get(keys.note(name)))) ?? undefined,
      async write(name, text, forMs) {
        const written =
          forMs === undefined
            ? redis.set(keys.note(name), text)
            : redis.set(keys.note(name), text, 'PX', forMs);
        await told('write a note', written);
      },
    },
    now: async () => {
      const [seconds, micros] = await told('tell the time', redis.time());
      return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
    },
    insert: async (entry, audit) => {
      const lists = [live, latest, recent, due, behind];
      const places = [keys.run(entry.id), keys.history(entry.id), ...lists, ...above(entry)];
      return String(await told('store a new run', insert(...places, ...wordsOf(entry, audit))));
    },
    swap: async (entry, audit) => {
      const places = [keys.run(entry.id), keys.history(entry.id), live, due, behind, ...above(entry)];
      const words = [...wordsOf(entry, audit), entry.revision - 1];
      return (await told('store a run', swap(...places, ...words))) as 'swapped' | 'stale' | 'held';
    },
    load: async id => (await told('read a run', redis.hget(keys.run(id), 'document'))) ?? undefined,
    loadAll: async ids => {
      const reading = redis.pipeline(ids.map(id => ['hget', keys.run(id), 'document']));
      const answers = (await told('read runs', reading.exec())) ?? [];
      return answers.map(([error, document]) => {
        if (error !== null) throw redisFailure('read runs', error);
        return typeof document === 'string' ? document : undefined;
      });
    },
    roll: id => told('read a roll', redis.hgetall(keys.roll(id))),
    latest: async subject => (await told('find a run', redis.hget(latest, subject))) ?? undefined,
    recent: limit => told('list the runs', redis.lrange(recent, 0, limit - 1)),
    due: now => told('list what is due', redis.zrangebyscore(due, '-inf', now)),
    history: id => told('read a history', redis.lrange(keys.history(id), 0, -1)),
    mark: async id => {
      const fields = await told('read a mark', redis.hmget(keys.run(id), 'version', 'shows', 'mark'));
      const [version, shows, document] = fields;
      return document == null ? undefined : { version: Number(version), shows: Number(shows), document };
    },
    setMark: async (id, { version, shows, document }) =>
      (await told(
        'store a mark',
        setMark(keys.run(id), behind, id, version, shows, document, version - 1),
      )) === 1,
    behind: () => told('list what is behind', redis.smembers(behind)),
    admit: async (key, { most, withinMs }) =>
      (await told('count', admit(keys.admitted(key), most, withinMs))) === 1,
    turns: createRedisTurns(redis),
    check: async () =>
      (await dangersOf(redis, allowVolatile)) ?? [
        'Redis cannot be reached: check that it runs and that REDIS_URL is right.',
      ],
    close: async () => redis.disconnect(),
  };
}

function createClaims(redis: Redis): Claims {
  const claim = defineScript(redis, 'holtClaim', 1, claimScript);
  return {
    claim: async (pool, id, run) => (await told('claim an id', claim(keys.claims(pool), id, run))) === run,
    holders: pool => told('read the claims', redis.hgetall(keys.claims(pool))),
    release: async (pool, id) => {
      await told('release an id', redis.hdel(keys.claims(pool), id));
    },
  };
}

/**
 * Why runs are not safe in this Redis, as it is set up: its version, eviction, persistence. Undefined while it does not
 * answer. Asks INFO alone: managed services seldom allow CONFIG.
 */
export async function dangersOf(redis: Redis, allowVolatile: boolean): Promise<Problem[] | undefined> {
  const info = await redis.info().catch(() => undefined);
  if (info === undefined) return undefined;
  const lines = info.split('\r\n').map(line => line.split(':', 2));
  const {
    redis_version: version = '0',
    maxmemory_policy: policy = 'unknown',
    aof_enabled: aof,
  } = Object.fromEntries(lines) as Record<string, string>;
  const problems: Problem[] = [];
  if (Number.parseInt(version) < 7)
    problems.push(`Redis is version ${version}: Holt needs Redis 7 or newer, or Valkey.`);
  if (policy !== 'noeviction')
    problems.push(
      `Redis may drop runs when its memory is full (maxmemory-policy ${policy}): set it to noeviction.`,
    );
  if (aof !== '1' && !allowVolatile)
    problems.push('Redis loses all runs when it restarts: set appendonly yes.');
  return problems;
}
