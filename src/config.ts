import { readFile } from 'node:fs/promises';
import { type Document, LineCounter, type Node, parseDocument, visit } from 'yaml';
import type { z } from 'zod';
import { ConfigError, explain, ServiceError } from './errors.ts';
import { checkFleet } from './onboarding/fleet.ts';
import { Fleet } from './onboarding/fleet-schema.ts';
import { nearest } from './onboarding/suggest.ts';

/** Reads holt.yaml. Throws one ConfigError that names every mistake with its line and what to do. */
export async function loadFleet(file: string): Promise<Fleet> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    throw new ConfigError([`${file} cannot be read. HOLT_CONFIG says where holt.yaml is.`]);
  }
  return parseFleet(text, file);
}

/** The text of holt.yaml; `file` is how problems call it. */
export function parseFleet(text: string, file: string): Fleet {
  const lines = new LineCounter();
  // The parser compares each key with all before it.
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    throw new ConfigError(
      document.errors.map(({ pos, code }) => `${at(pos[0])}: this is not YAML (${code}).`),
    );
  }
  const repeated = repeatedKeys(document);
  if (repeated.length > 0)
    throw new ConfigError(repeated.map(({ key, offset }) => `${at(offset)}: ${key} stands here again.`));
  const place = (path: readonly PropertyKey[]): string => at(offsetOf(document, path));

  const parsed = Fleet.safeParse(document.toJS());
  if (!parsed.success) {
    throw new ConfigError(
      parsed.error.issues
        .flatMap(issue => describe(issue))
        .map(({ path, text }) => `${place(path)}: ${text}`),
    );
  }
  const problems = checkFleet(parsed.data);
  if (problems.length > 0) throw new ConfigError(problems.map(({ path, text }) => `${place(path)}: ${text}`));
  return parsed.data;
}

/** Keys that stood in the same map before: of two values one would be lost. */
function repeatedKeys(document: Document): { key: string; offset: number }[] {
  const found: { key: string; offset: number }[] = [];
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<string>();
      for (const { key } of items) {
        const name = String(key);
        if (seen.has(name)) found.push({ key: name, offset: (key as Node).range?.[0] ?? 0 });
        seen.add(name);
      }
    },
  });
  return found;
}

/** Where the nearest thing that exists on the way to `path` begins. */
function offsetOf(document: ReturnType<typeof parseDocument>, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const key = path.slice(0, length);
    const parent = document.getIn(key.slice(0, -1), true) as { items?: { key?: Node }[] } | undefined;
    const pair = parent?.items?.find(item => String(item.key ?? '') === String(key.at(-1)));
    const node = pair?.key ?? (document.getIn(key, true) as Node | undefined);
    const offset = node?.range?.[0];
    if (offset !== undefined) return offset;
  }
  return 0;
}

interface Mistake {
  path: PropertyKey[];
  text: string;
}

/** One sentence for each mistake: what is wrong where, and what was probably meant. */
function describe(issue: z.core.$ZodIssue): Mistake[] {
  const { path } = issue;
  const name = path.join('.') || 'holt.yaml';
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(key => {
      const meant = nearest(key, keysAt(path));
      const hint = meant === undefined ? `Known here: ${keysAt(path).join(', ')}.` : `Did you mean ${meant}?`;
      return { path: [...path, key], text: `there is no setting ${[...path, key].join('.')}. ${hint}` };
    });
  }
  if (issue.code === 'invalid_union') {
    // Of the two forms, the map is the one whose mistakes can be named.
    const inner = issue.errors.toSorted((a, b) => deepest(b) - deepest(a))[0] ?? [];
    return inner.flatMap(each => describe({ ...each, path: [...path, ...each.path] }));
  }
  if (issue.code === 'invalid_key') {
    return [{ path, text: `${name} cannot be a name: ${issue.issues[0]?.message ?? 'its form is wrong'}.` }];
  }
  return [{ path, text: `${name}: ${issue.message}.` }];
}

const deepest = (issues: readonly z.core.$ZodIssue[]): number =>
  Math.max(0, ...issues.map(({ path }) => path.length));

/** The keys that may stand at a place, read from the schema itself. */
function keysAt(path: readonly PropertyKey[]): string[] {
  let schema: unknown = Fleet;
  for (const key of path) schema = stepInto(schema, String(key));
  return Object.keys(shapeOf(schema) ?? {});
}

interface Def {
  type: string;
  innerType?: unknown;
  shape?: Record<string, unknown>;
  valueType?: unknown;
  options?: readonly unknown[];
}
const defOf = (schema: unknown): Def | undefined => (schema as { def?: Def } | undefined)?.def;

function unwrap(schema: unknown): unknown {
  const def = defOf(schema);
  if (def?.innerType !== undefined) return unwrap(def.innerType);
  if (def?.type === 'union')
    return unwrap(def.options?.find(option => defOf(unwrap(option))?.type === 'record'));
  return schema;
}

const shapeOf = (schema: unknown): Record<string, unknown> | undefined => defOf(unwrap(schema))?.shape;

function stepInto(schema: unknown, key: string): unknown {
  const def = defOf(unwrap(schema));
  return def?.type === 'record' ? def.valueType : def?.shape?.[key];
}

/**
 * Ends a process that cannot start: with 78 and every problem on a line of its own when the configuration is wrong, with 1 and
 * a sentence when an outside service stands in the way. Throws anything else on, for that is a bug.
 */
export function exitOnFailedStart(error: unknown): never {
  if (!(error instanceof ConfigError || error instanceof ServiceError)) throw error;
  process.stderr.write(`${explain(error).text}\n`);
  process.exit(error instanceof ConfigError ? 78 : 1);
}
