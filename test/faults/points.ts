import { createHash } from 'node:crypto';
import type { Call } from '../../src/sandbox/kit.ts';
import { heldMs, type Lane } from './lane.ts';
import { persevere, quiet } from './person.ts';

/** What is said after the end is said within this time. */
export const quietMs = 400;

/** A moment of a run at which something can happen to it: the nth call, or write of the record, of this name. */
export interface Point {
  number: number;
  service: string;
  operation: string;
  nth: number;
  mutating: boolean;
  role: 'bot' | 'worker';
}

/** What is called: the route's name, of a record's write what it writes, of the CLI its words. */
export const nameOf = ({ service, operation, path }: Call): string =>
  service === 'Record' || service === 'CLI' ? decodeURIComponent(path.split('/')[3] ?? '') : operation;

export const momentOf = ({ service, path }: Call): string =>
  service === 'Record' ? (path.split('/')[1] ?? '') : 'call';

/** Runs once undisturbed and lists every call of every service and every write of the record, in their order. */
export async function learn(lane: Lane, cluster: string): Promise<Point[]> {
  const points: Point[] = [];
  const seen = new Map<string, number>();
  await lane.start();
  lane.around(async (call, { apply }) => {
    if (momentOf(call) !== 'after') {
      const [{ service, mutating }, operation] = [call, nameOf(call)];
      const nth = (seen.get(`${service} ${operation}`) ?? 0) + 1;
      seen.set(`${service} ${operation}`, nth);
      const role = lane.roleOf(call);
      points.push({ number: points.length + 1, service, operation, nth, mutating, role });
    }
    return await apply();
  });
  await persevere(lane, cluster).ended;
  await quiet(lane, quietMs);
  lane.around(undefined);
  return points;
}

/** A number below `most` that depends on nothing but the words. */
export const chance = (most: number, ...words: (string | number)[]): number =>
  createHash('sha256').update(words.join('/')).digest().readUInt32BE() % most;

/** For how long a call is held that lands late: one that changes nothing, only until its sender is gone for sure. */
export const holdMs = ({ mutating, service }: Point): number =>
  mutating && service !== 'Record' ? heldMs : 300;
