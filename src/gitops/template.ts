/** Data with `{placeholders}` in its strings. */
export type Template = string | boolean | readonly Template[] | { readonly [key: string]: Template };

const placeholder = /\{(?:(folder|file) of )?([\w.]+)\}/g;
/** A whole string that may say nothing. */
const optional = /^\{([\w.]+)\?\}$/;

export interface Fill {
  /** A string with its placeholders filled in. */
  text(template: string): string;
  /** The same for all strings in a tree. A key whose value is `{name?}` is left out when there is no such value. */
  tree(template: Template): unknown;
}

/**
 * Fills `{path.to.a.value}`, and `{folder of …}` and `{file of …}` for the parts of a path. What is filled in is never read as a
 * template. Throws an Error for a placeholder that names nothing: that is a mistake in a layout.
 */
export function createFill(values: object): Fill {
  const text: Fill['text'] = template =>
    template.replaceAll(placeholder, (whole, part: 'folder' | 'file' | undefined, path: string) => {
      const value = lookUp(values, path);
      if (typeof value !== 'string') throw new Error(`${whole} in a layout names no text`);
      return part === undefined ? value : partsOf(value)[part];
    });

  const tree: Fill['tree'] = template => {
    if (typeof template === 'string') {
      const path = optional.exec(template)?.[1];
      return path === undefined ? text(template) : lookUp(values, path);
    }
    if (typeof template !== 'object') return template;
    if (Array.isArray(template)) return template.map(tree);
    const filled = Object.entries(template).map(([key, each]) => [key, tree(each)] as const);
    return Object.fromEntries(filled.filter(([, value]) => value !== undefined));
  };

  return { text, tree };
}

const lookUp = (values: unknown, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>(
      (value, key) =>
        typeof value === 'object' && value !== null && Object.hasOwn(value, key)
          ? (value as Record<string, unknown>)[key]
          : undefined,
      values,
    );

function partsOf(path: string): { folder: string; file: string } {
  const slash = path.lastIndexOf('/');
  return { folder: slash < 0 ? '.' : path.slice(0, slash), file: path.slice(slash + 1) };
}
