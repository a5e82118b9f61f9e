import { type Launched, launch } from './launch.ts';

export interface Supervised {
  /** How it stands. */
  state(): 'starting' | 'running' | 'stopped';
  /** Kills it, wherever it is, and starts it again; does nothing while it is starting. */
  kill(): void;
  /** Waits until it runs; throws what kept it from starting. */
  ready(): Promise<Launched>;
  stop(): Promise<void>;
}

/** Keeps the product running, as a cluster would. `changed` is called whenever its state has changed. */
export function supervise(environment: Readonly<Record<string, string>>, changed: () => void): Supervised {
  let state: ReturnType<Supervised['state']> = 'stopped';
  let stopping = false;
  const become = (next: typeof state): void => {
    state = next;
    changed();
  };

  async function start(): Promise<Launched> {
    become('starting');
    try {
      const launched = await launch('main', environment);
      become('running');
      return launched;
    } catch (error) {
      become('stopped');
      throw error;
    }
  }

  async function startAgain(before: Promise<Launched>): Promise<Launched> {
    const launched = await before;
    become('starting');
    await launched.kill();
    return stopping ? launched : await start();
  }

  let current = start();
  // Whoever waits for it hears of it.
  current.catch(() => undefined);
  return {
    state: () => state,
    kill() {
      if (state !== 'running') return;
      current = startAgain(current);
      current.catch(() => undefined);
    },
    ready: () => current,
    async stop() {
      stopping = true;
      const launched = await current.catch(() => undefined);
      await launched?.stop();
    },
  };
}
