import { type Ended, notRun, runOnce, type Start } from './program.ts';

// The small process from which programs are started; see starter.ts. It ends with whoever started it, once its programs have.

export interface Asked {
  id: number;
  start: Start;
}

export interface Answered {
  id: number;
  ended: Ended;
}

process.on('message', ({ id, start }: Asked) => {
  const answer = (ended: Ended): void => {
    const answered: Answered = { id, ended };
    // Whoever asked may be gone.
    process.send?.(answered, undefined, undefined, () => undefined);
  };
  // What throws has started nothing.
  runOnce(start).then(answer, () => answer(notRun));
});
