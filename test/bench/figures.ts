/** The value below which this part of all values lies, by the nearest rank; nothing when there are none. `part` is from 0 to 1. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;
}

/** The middle value; of an even number of values the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return (low + high) / 2;
}

/** The middle of what several runs measure, one after the other. */
export async function medianOf(runs: number, measure: () => Promise<number>): Promise<number> {
  const all: number[] = [];
  for (let run = 0; run < runs; run += 1) all.push(await measure());
  return median(all);
}

/** The one whose figure is in the middle, the lower one of two: what is shown of several runs comes from one of them. */
export function middleOne<T>(all: readonly T[], figure: (each: T) => number): T {
  const sorted = all.toSorted((a, b) => figure(a) - figure(b));
  const one = sorted[Math.ceil(sorted.length / 2) - 1];
  if (one === undefined) throw new Error('there is no run to choose from');
  return one;
}

export const round = (value: number, digits = 0): number => {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
};
