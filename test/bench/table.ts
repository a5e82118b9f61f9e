/** A document as a person reads it: lists of objects as tables, the rest line by line. */
export function tableOf(document: object): string {
  return Object.entries(document)
    .map(([name, value]) => (isRows(value) ? `  ${name}\n${rowsOf(value)}` : `  ${name}: ${inWords(value)}`))
    .join('\n');
}

type Row = Record<string, unknown>;

const isRows = (value: unknown): value is Row[] =>
  Array.isArray(value) && value.length > 0 && value.every(each => typeof each === 'object');

function inWords(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(', ');
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([name, each]) => `${name} ${inWords(each)}`)
    .join(', ');
}

/** Numbers to the right, words to the left. */
function rowsOf(rows: readonly Row[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const cells = [columns, ...rows.map(row => columns.map(column => inWords(row[column])))];
  const widths = columns.map((_, at) => Math.max(...cells.map(row => row[at]?.length ?? 0)));
  const right = columns.map(column => typeof rows[0]?.[column] === 'number');
  return cells
    .map(row =>
      row
        .map((cell, at) =>
          right[at] === true ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0),
        )
        .join('  '),
    )
    .map(line => `    ${line.trimEnd()}`)
    .join('\n');
}
