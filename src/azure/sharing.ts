type Share = <T>(name: string, look: () => Promise<T>) => Promise<T>;

interface Look {
  answer: Promise<unknown>;
  began: number;
}

/**
 * One look for all who want to know the same within `freshMs`: nobody is told what began to be read longer ago than that. A look
 * that fails is for those alone who wait for it.
 */
export function createSharing(freshMs: number): Share {
  const looks = new Map<string, Look>();
  const isFresh = ({ began }: Look): boolean => performance.now() - began < freshMs;

  return <T>(name: string, look: () => Promise<T>): Promise<T> => {
    for (const [each, known] of looks) if (!isFresh(known)) looks.delete(each);
    const known = looks.get(name);
    if (known !== undefined) return known.answer as Promise<T>;
    const mine: Look = { answer: look(), began: performance.now() };
    looks.set(name, mine);
    mine.answer.catch(() => {
      if (looks.get(name) === mine) looks.delete(name);
    });
    return mine.answer as Promise<T>;
  };
}
