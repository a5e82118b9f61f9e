import { runOnce } from './program.ts';
import { type Ended, notRun, type Start } from './starter.ts';

// The small process from which programs are started; see starter.ts. It ends with whoever started it, once its programs have.

export interface Asked {
  id: number;
  start: Start;
  /** Not to be started after this, by the clock on the wall: whoever asked counts from when it did. */
  by: number;
}

export interface Answered {
  id: number;
  ended: Ended;
}

process.on('message', ({ id, start, by }: Asked) => {
  const answer = (ended: Ended): void => {
    const answered: Answered = { id, ended };
    // Whoever asked may be gone.
    process.send?.(answered, undefined, undefined, () => undefined);
  };
  if (Date.now() > by) return answer(notRun);
  // What throws has started nothing.
  runOnce(start).then(answer, () => answer(notRun));
});
