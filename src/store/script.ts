import type { Redis } from 'ioredis';
import { redisFailure } from './connection.ts';

type Command = (...args: (string | number)[]) => Promise<unknown>;

/** Makes a script a command of the connection. */
export function defineScript(redis: Redis, name: string, numberOfKeys: number, lua: string): Command {
  redis.defineCommand(name, { numberOfKeys, lua });
  const command = Reflect.get(redis, name) as Command;
  return (...args) => command.apply(redis, args);
}

/** Waits for a command, and says what it is to the rest of Holt when it fails. `operation` fits after "could not". */
export async function told<T>(operation: string, command: Promise<T>): Promise<T> {
  try {
    return await command;
  } catch (error) {
    throw redisFailure(operation, error);
  }
}
