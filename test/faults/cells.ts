import type { Fault } from './fault.ts';
import type { Point } from './points.ts';
import { faults } from './table.ts';

/** A moment of a run: the nth call of its name, counted from the beginning or, when it is late, from when something stands. */
export interface Moment extends Point {
  late: boolean;
}

/** What must stand before a call counts as late: the pull request for Slack, for all others the organization with its name. */
export const lateAfter = (service: string): 'createPull' | 'updateOrganization' =>
  service === 'Slack' ? 'createPull' : 'updateOrganization';

/** One fault that happens at one moment. */
export interface Cell {
  number: number;
  fault: Fault;
  point: Moment;
}

const nameOf = ({ operation, nth, late }: Moment): string => `${operation} ${late ? 'late' : `#${nth}`}`;
export const wordsOf = (point: Moment): string => `${point.service}: ${nameOf(point)}`;

/** A run is stored in Redis: its writes are where Redis is met. */
const serviceOf = ({ service }: Point): string => (service === 'Record' ? 'Redis' : service);

/**
 * The moments that stand for all calls of a run, whatever its speed: of each operation that asks the first call and the first
 * late one, or the second where there is none; of each that changes something the second where there are two, when one has
 * been made and the other has not; of each write of the record and each sign-in the first.
 */
export function momentsOf(points: readonly Point[]): Moment[] {
  const names = new Set(points.map(({ service, operation }) => `${service} ${operation}`));
  return [...names].toSorted().flatMap(name => {
    const such = points.filter(({ service, operation }) => `${service} ${operation}` === name);
    const [first, second] = such;
    if (first === undefined) return [];
    const since = points.findIndex(({ operation }) => operation === lateAfter(first.service));
    // Which of the people's names are asked for after the pull request depends on how fast the approval was.
    const lateness = first.service !== 'Slack' || /^chat\.(update|postMessage)/.test(first.operation);
    const late = lateness ? such.find(point => points.indexOf(point) > since) : undefined;
    const early = { ...first, late: false };
    if (first.service === 'Record' || first.operation === 'token') return [early];
    if (first.mutating && first.service !== 'Slack') return [{ ...(second ?? first), late: false }];
    if (late !== undefined && late !== first) return [early, { ...late, nth: 1, late: true }];
    return second === undefined || first.service === 'Slack' ? [early] : [early, { ...second, late: false }];
  });
}

export const fits = (fault: Fault, point: Moment): boolean =>
  serviceOf(point) === fault.service && (fault.fits?.test(nameOf(point)) ?? true);

/** Every fault with every moment that it fits, numbered the same in every run. */
export const cellsOf = (points: readonly Point[], table: readonly Fault[] = faults): Cell[] =>
  table
    .flatMap(fault =>
      momentsOf(points)
        .filter(point => fits(fault, point))
        .map(point => ({ fault, point })),
    )
    .map((cell, index) => ({ number: index + 1, ...cell }));

export const endOf = ({ fault: { end }, point }: Cell) => (typeof end === 'function' ? end(point) : end);
