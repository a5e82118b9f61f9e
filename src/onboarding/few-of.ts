/** The first of these names, and how many more there are: `a, b and 3 more`. */
export function fewOf(names: readonly string[], most = 10): string {
  const more = names.length > most ? ` and ${names.length - most} more` : '';
  return `${names.slice(0, most).join(', ')}${more}`;
}
