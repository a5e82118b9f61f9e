/** The statuses that may pass by themselves: too slow, too many requests, the service's own failures. */
export const mayPass = (status: number): boolean => status === 408 || status === 429 || status >= 500;

/** For how many milliseconds an answer asks callers to stay away; undefined when it does not say. */
export function pauseOf(header: (name: string) => string | null | undefined): number | undefined {
  const inMs = Number(header('retry-after-ms') ?? header('x-ms-retry-after-ms') ?? Number.NaN);
  if (inMs >= 0) return inMs;
  const after = header('retry-after') ?? '';
  if (/^\d+$/.test(after)) return Number(after) * 1000;
  const until = Date.parse(after);
  return Number.isNaN(until) ? undefined : Math.max(0, until - Date.now());
}
