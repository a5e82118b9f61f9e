import { runOnce } from './program.ts';
import { type Ended, notRun, type Start } from './starter.ts';

// The small process from which programs are started; see starter.ts. It ends with whoever started it, once its programs have.

export interface Asked {
  id: number;
  start: Start;
  /** Not to be started after this, by the clock on the wall: whoever asked counts from when it did. */
  by: number;
  /** By then its time is over, however late it was started. */
  until: number;
}

export interface Answered {
  id: number;
  ended: Ended;
}

process.on('message', ({ id, start, by, until }: Asked) => {
  const answer = (ended: Ended): void => {
    const answered: Answered = { id, ended };
    // Whoever asked may be gone.
    process.send?.(answered, undefined, undefined, () => undefined);
  };
  const now = Date.now();
  if (now > Math.min(by, until)) return answer(notRun);
  // What throws has started nothing.
  runOnce({ ...start, timeoutMs: until - now }).then(answer, () => answer(notRun));
});
