/** One part of a selection: a cluster's name, a glob over names, a label, or every cluster. */
export type Part =
  | { kind: 'name'; name: string }
  | { kind: 'glob'; glob: string }
  | { kind: 'label'; label: string; value: string }
  | { kind: 'all' };

/**
 * Whether a glob of `*` and `?` matches the whole name. Piece by piece, each as early as it fits: a pattern could be made such that
 * trying all ways takes for ever.
 */
export function matchesGlob(glob: string, name: string): boolean {
  const pieces = glob.split('*');
  const [first = ''] = pieces;
  const last = pieces.at(-1) ?? '';
  if (pieces.length === 1) return fitsAt(glob, name, 0) && glob.length === name.length;
  const end = name.length - last.length;
  let at = first.length;
  if (at > end || !fitsAt(first, name, 0) || !fitsAt(last, name, end)) return false;
  for (const piece of pieces.slice(1, -1)) {
    while (at + piece.length <= end && !fitsAt(piece, name, at)) at += 1;
    at += piece.length;
    if (at > end) return false;
  }
  return true;
}

const fitsAt = (piece: string, name: string, at: number): boolean =>
  Array.from(piece).every((letter, index) =>
    letter === '?' ? at + index < name.length : letter === name[at + index],
  );

/** The selection as people read it, and as it is found again. */
export const nameOfSelection = (parts: readonly Part[]): string => parts.map(nameOfPart).toSorted().join(',');

/** As it is typed. */
export const nameOfPart = (part: Part): string => {
  switch (part.kind) {
    case 'name':
      return part.name;
    case 'glob':
      return part.glob;
    case 'label':
      return `${part.label}=${part.value}`;
    case 'all':
      return '--all';
  }
};
