import { expect, it } from 'vitest';
import { sharing } from '../../src/onboarding/sharing.ts';

/** A call that ends when it is told to; each answers its number. */
function controlled() {
  const ends: PromiseWithResolvers<number>[] = [];
  const share = sharing(() => {
    const end = Promise.withResolvers<number>();
    ends.push(end);
    return end.promise;
  });
  const begun = async (count: number): Promise<void> => await expect.poll(() => ends.length).toBe(count);
  return { ends, share, begun };
}

it('serves all who ask before it begins with one call, and who asks later with the next', async () => {
  const { ends, share, begun } = controlled();
  const early = [share(), share()];
  await begun(1);
  const late = [share(), share(), share()];
  ends[0]?.resolve(1);
  expect(await Promise.all(early)).toEqual([1, 1]);
  await begun(2);
  ends[1]?.resolve(2);
  expect(await Promise.all(late)).toEqual([2, 2, 2]);
});

it('fails for those who share it and for nobody after them', async () => {
  const { ends, share, begun } = controlled();
  const failed = Promise.allSettled([share(), share()]);
  await begun(1);
  const next = share();
  ends[0]?.reject(new Error('no'));
  expect((await failed).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await begun(2);
  ends[1]?.resolve(2);
  expect(await next).toBe(2);
});
