import { Redis } from 'ioredis';
import { wordsOf } from './words.ts';

/** Everything that a Redis holds, as text. */
export async function dumpOf(url: string): Promise<string> {
  const redis = new Redis(url);
  const read: Record<string, (key: string) => Promise<unknown>> = {
    string: key => redis.get(key),
    hash: key => redis.hgetall(key),
    list: key => redis.lrange(key, 0, -1),
    set: key => redis.smembers(key),
    zset: key => redis.zrange(key, '0', '-1'),
    stream: key => redis.xrange(key, '-', '+'),
  };
  const texts: string[] = [];
  for (const key of await redis.keys('*')) {
    const type = await redis.type(key);
    texts.push(key, wordsOf(await read[type]?.(key)));
  }
  redis.disconnect();
  return texts.join('\n');
}
