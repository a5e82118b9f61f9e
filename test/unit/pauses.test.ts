import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createPauses } from '../../src/slack/pauses.ts';

describe('pauses', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('are over after their time', async () => {
    const pauses = createPauses();
    const ended = vi.fn<() => void>();
    const pause = pauses.pause(1_000).then(ended);
    await vi.advanceTimersByTimeAsync(999);
    expect(ended).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    await pause;
    expect(ended).toHaveBeenCalled();
    expect(pauses.over).toBe(false);
  });

  it('end all at once, leave no timer, and none begins any more', async () => {
    const pauses = createPauses();
    const waiting = [1_000, 60_000].map(ms => pauses.pause(ms));
    pauses.end();
    const ended = (await Promise.allSettled(waiting)).map(({ status }) => status);
    expect(ended).toEqual(['rejected', 'rejected']);
    await expect(pauses.pause(1)).rejects.toThrow('nobody is to wait');
    expect(vi.getTimerCount()).toBe(0);
    expect(pauses.over).toBe(true);
  });
});
