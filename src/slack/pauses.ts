/** Waits of those who were answered already and watch what becomes of it. However many wait, one more costs the same, which listeners of one signal do not. */
export interface Pauses {
  /** Resolves after so many milliseconds. Throws when the pauses are over. */
  pause(ms: number): Promise<void>;
  /** Whether nobody is to wait any more. */
  readonly over: boolean;
  end(): void;
}

export function createPauses(): Pauses {
  const waiting = new Set<() => void>();
  let over = false;
  return {
    get over() {
      return over;
    },
    pause: ms =>
      new Promise<void>((resolve, reject) => {
        const end = (): void => {
          clearTimeout(timer);
          reject(new Error('nobody is to wait any more'));
        };
        const timer = setTimeout(() => {
          waiting.delete(end);
          resolve();
        }, ms);
        if (over) end();
        else waiting.add(end);
      }),
    end() {
      over = true;
      for (const end of waiting) end();
      waiting.clear();
    },
  };
}
