/** Until everything that was asked for at the same moment has been. */
const breath = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/**
 * One call serves all who ask before it begins; whoever asks while it is at work shares the next one. So nobody is answered with
 * what was so before they asked.
 */
export function sharing<T>(call: () => Promise<T>): () => Promise<T> {
  let next: Promise<T> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  return () => {
    next ??= begin(last.catch(() => undefined));
    return next;
  };

  async function begin(before: Promise<unknown>): Promise<T> {
    await before;
    await breath();
    const answer = call();
    [next, last] = [undefined, answer];
    return await answer;
  }
}
