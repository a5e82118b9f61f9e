import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Launched, launch } from '../../src/sandbox/launch.ts';
import { type Orders, wordsFor } from './orders.ts';

/** A place in the crew: who plays it comes and goes. */
export interface Place {
  role: 'bot' | 'worker';
  /** Never killed, so that its memory tells something. */
  elder: boolean;
  /** Once it is ready, until it is told to end. */
  process: Launched | undefined;
  frozen: boolean;
}

export interface Crew {
  places: readonly Place[];
  /** Everybody is there and awake. */
  complete(): boolean;
  kill(place: Place): Promise<void>;
  /** Sends SIGTERM and waits for the end. */
  stop(place: Place): Promise<void>;
  /** Sends SIGSTOP, and SIGCONT after so many milliseconds. */
  freeze(place: Place, ms: number): Promise<void>;
  /** What no process may do: end by itself, or not as it was told. */
  readonly complaints: readonly string[];
  /** Starts that came to nothing, since the world was at its worst just then. */
  readonly failedStarts: number;
  /** All that the processes wrote, those that are gone too. */
  stdout(): string;
  stderr(): string;
  close(): Promise<void>;
}

const product = fileURLToPath(new URL('product.ts', import.meta.url));
/** Longer than any call that a process may wait for when it stops. */
const stopMs = 60_000;

/** Processes of the product, each started again when it has ended, as a supervisor does. The first of each role is its elder. */
export function createCrew(
  environment: Readonly<Record<string, string>>,
  orders: Orders,
  bots: number,
  workers: number,
): Crew {
  const started: Launched[] = [];
  const refusals: string[] = [];
  const state = { closing: false };
  const complaints: string[] = [];
  const places = [
    ...Array.from({ length: bots }, (_, index): Place => newPlace('bot', index)),
    ...Array.from({ length: workers }, (_, index): Place => newPlace('worker', index)),
  ];

  const begin = (role: Place['role']): Promise<Launched> =>
    launch([product, ...wordsFor(role, orders)], environment);

  async function supervise(place: Place): Promise<void> {
    while (!state.closing) {
      const process = await begin(place.role).catch((error: unknown) => void refusals.push(String(error)));
      if (process === undefined) {
        await sleep(500);
        continue;
      }
      started.push(process);
      place.process = process;
      if (state.closing) await stop(place);
      const code = await process.ended;
      if (place.process === process) complaints.push(`a ${place.role} ended by itself with ${code}`);
      place.process = undefined;
    }
  }

  async function stop(place: Place): Promise<void> {
    const process = dismiss(place);
    if (process === undefined) return;
    const patience = new AbortController();
    const late = sleep(stopMs, 'late' as const, { signal: patience.signal }).catch(() => 'late' as const);
    const code = await Promise.race([process.stop(), late]);
    patience.abort();
    if (code === 0) return;
    const how = code === 'late' ? `did not end within ${stopMs / 1000} s` : `ended with ${code}`;
    complaints.push(`a ${place.role} ${how} after SIGTERM`);
    await process.kill();
  }

  const supervisors = places.map(supervise);
  return {
    places,
    complaints,
    get failedStarts() {
      return refusals.length;
    },
    stdout: () => started.flatMap(({ log }) => log).join('\n'),
    stderr: () => [...refusals, ...started.flatMap(({ errors }) => errors)].join('\n'),
    complete: () => places.every(({ process, frozen }) => process !== undefined && !frozen),
    kill: async place => await dismiss(place)?.kill(),
    stop,
    async freeze(place, ms) {
      const { process } = place;
      process?.freeze();
      place.frozen = true;
      await sleep(ms);
      process?.thaw();
      place.frozen = false;
    },
    async close() {
      state.closing = true;
      await Promise.all(places.map(stop));
      await Promise.all(supervisors);
    },
  };
}

const newPlace = (role: Place['role'], index: number): Place => ({
  role,
  elder: index === 0,
  process: undefined,
  frozen: false,
});

/** Whoever has this place gives it up. */
function dismiss(place: Place): Launched | undefined {
  const { process } = place;
  place.process = undefined;
  return process;
}
