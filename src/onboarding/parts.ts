/** One part of a selection: a cluster's name, a glob over names, a label, or every cluster. */
export type Part =
  | { kind: 'name'; name: string }
  | { kind: 'glob'; glob: string }
  | { kind: 'label'; label: string; value: string }
  | { kind: 'all' };

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
