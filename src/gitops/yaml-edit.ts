import { isDeepStrictEqual } from 'node:util';
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  type Node,
  type Pair,
  Scalar,
  stringify,
  type YAMLMap,
} from 'yaml';
import { dataOf, parseEditable, plainMap, refuse } from './yaml-guard.ts';

type Value = string | number | boolean;
export interface Edit {
  path: readonly string[];
  value: Value;
}

/**
 * Sets values in a YAML file by changing its text at those places and nowhere else: comments, quoting, line ends and the
 * order of everything else stay. The result is parsed again and must mean exactly what was asked for. Throws a UserError
 * that names the file when it cannot be edited safely.
 */
export function editYaml(text: string, edits: readonly Edit[], file: string): string {
  // The parser drops a byte order mark and counts from after it.
  const mark = text.startsWith('\ufeff') ? '\ufeff' : '';
  const first = read(text.slice(mark.length), file);
  return mark + edits.reduce((current, edit) => setValue(current, edit, file), first).text;
}

/** The value at a path, or undefined. Throws as `editYaml` does. */
export function readYaml(text: string, path: readonly string[], file: string): unknown {
  return valueAt(read(text, file).data, path);
}

interface Read {
  text: string;
  document: Document;
  data: unknown;
}

function read(text: string, file: string): Read {
  const document = parseEditable(text, file);
  return { text, document, data: dataOf(document, file) };
}

function setValue(current: Read, edit: Edit, file: string): Read {
  const { text, document, data } = current;
  if (isDeepStrictEqual(valueAt(data, edit.path), edit.value)) return current;
  const edited = read(splice(text, document, edit, file), file);
  if (isDeepStrictEqual(edited.data, meant(data, edit.path, edit.value))) return edited;
  throw refuse(
    file,
    `the edit at ${edit.path.join('.')} would change more than that`,
    'Add the value by hand, then retry.',
  );
}

function valueAt(data: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? (value as Record<string, unknown>)[key]
        : undefined,
    data,
  );
}

function meant(data: unknown, [key, ...rest]: readonly string[], value: Value): unknown {
  if (key === undefined) return value;
  const map = (data ?? {}) as Record<string, unknown>;
  return { ...map, [key]: meant(map[key], rest, value) };
}

interface Style {
  eol: string;
  step: number;
}

function splice(text: string, document: Document, { path, value }: Edit, file: string): string {
  const style = styleOf(text, document);
  const root = document.contents;
  if (root === null || (isScalar(root) && root.value === null && root.source === '')) {
    return append(text, block(path, value, 0, style), style);
  }
  let map = plainMap(root, 'the document', file);
  for (const [depth, key] of path.entries()) {
    const below = path.slice(depth + 1);
    const where = path.slice(0, depth + 1).join('.');
    if (map.flow === true) return openRoot(text, map, block(path, value, 0, style), where, depth, file);
    const pair = map.items.find(item => String(item.key) === key) as Pair<Node, Node | null> | undefined;
    if (pair === undefined) return insertInto(text, map, path.slice(depth), value, style);
    if (below.length === 0) return replace(text, pair, value, where, file);
    if (isEmpty(pair.value))
      return fill(
        text,
        pair,
        block(below, value, columnOf(text, pair.key) + style.step, style),
        style,
        where,
        file,
      );
    map = plainMap(pair.value, where, file);
  }
  return text;
}

/** The whole document is `{}`: it becomes a block. Any other map in braces is left to a person. */
function openRoot(
  text: string,
  map: YAMLMap,
  lines: string,
  where: string,
  depth: number,
  file: string,
): string {
  const [start, end] = map.range ?? [0, 0];
  if (map.items.length > 0 || depth > 0) {
    throw refuse(file, `${where} is written in braces`, 'Write it as an indented block, then retry.');
  }
  return text.slice(0, start) + lines + text.slice(end);
}

const isEmpty = (node: Node | null): boolean =>
  node === null ||
  (isScalar(node) && node.value === null) ||
  (isMap(node) && node.flow === true && node.items.length === 0);

/** Puts lines below a key that has no value yet, or `{}`. */
function fill(
  text: string,
  pair: Pair<Node, Node | null>,
  lines: string,
  style: Style,
  where: string,
  file: string,
): string {
  const node = pair.value;
  if (node?.anchor !== undefined)
    throw refuse(file, `${where} has an anchor that other places may use`, 'Remove the anchor, then retry.');
  const colon = text.indexOf(':', pair.key.range?.[1] ?? 0);
  const [start, end] = node?.range ?? [colon + 1, colon + 1];
  const bare = text.slice(start, end).trim() === '' ? text : text.slice(0, colon + 1) + text.slice(end);
  return insertAfterLine(bare, colon, lines, style);
}

function insertInto(text: string, map: YAMLMap, path: readonly string[], value: Value, style: Style): string {
  const first = map.items[0]?.key as Node | undefined;
  const indent = first === undefined ? 0 : columnOf(text, first);
  return insertAfterLine(text, endOf(map) - 1, block(path, value, indent, style), style);
}

/** Where the last thing in a node ends: a value, or a key that has none. */
function endOf(node: Node): number {
  if (!isMap(node) || node.flow === true || node.items.length === 0) return node.range?.[1] ?? 0;
  const { key, value } = node.items.at(-1) as Pair<Node, Node | null>;
  const bare = value === null || (isScalar(value) && (value.source ?? '') === '' && value.value === null);
  return bare ? (key.range?.[1] ?? 0) + 1 : endOf(value);
}

function insertAfterLine(text: string, offset: number, lines: string, style: Style): string {
  const newline = text.indexOf('\n', offset);
  if (newline === -1) return text + style.eol + lines;
  return text.slice(0, newline + 1) + lines + style.eol + text.slice(newline + 1);
}

function append(text: string, lines: string, { eol }: Style): string {
  if (text === '') return lines + eol;
  return text.endsWith('\n') ? text + lines + eol : text + eol + lines;
}

function replace(
  text: string,
  { key, value: node }: Pair<Node, Node | null>,
  value: Value,
  where: string,
  file: string,
): string {
  if (isAlias(node)) throw refuse(file, `${where} is an alias`, 'Write the value out there, then retry.');
  if (node !== null && (!isScalar(node) || node.type === 'BLOCK_FOLDED' || node.type === 'BLOCK_LITERAL')) {
    throw refuse(file, `${where} is not a plain value`, 'Make it one, or remove it, then retry.');
  }
  if (node?.anchor !== undefined || node?.tag !== undefined) {
    throw refuse(file, `${where} has an anchor or a tag`, 'Remove it, then retry.');
  }
  const [start, end] = node?.range ?? [0, 0];
  if (node === null || start === end) {
    const colon = text.indexOf(':', key.range?.[1] ?? 0);
    return `${text.slice(0, colon + 1)} ${scalar(value)}${text.slice(colon + 1)}`;
  }
  return text.slice(0, start) + scalar(value, node.type) + text.slice(end);
}

/** A scalar as YAML writes it, in the quotes that stood there before. */
function scalar(value: Value, type?: Scalar.Type): string {
  const node = new Scalar(value);
  if (typeof value === 'string' && (type === 'QUOTE_DOUBLE' || type === 'QUOTE_SINGLE')) node.type = type;
  return stringify(node, { lineWidth: 0 }).trimEnd();
}

/** Nested lines for a path and its value, without a newline at the end. */
function block(path: readonly string[], value: Value, indent: number, { eol, step }: Style): string {
  return path
    .map((key, depth) => {
      const line = `${' '.repeat(indent + depth * step)}${scalar(key)}:`;
      return depth === path.length - 1 ? `${line} ${scalar(value)}` : line;
    })
    .join(eol);
}

const columnOf = (text: string, node: Node): number => {
  const start = node.range?.[0] ?? 0;
  return start - (text.lastIndexOf('\n', start - 1) + 1);
};

/** Line ends and indentation as the file has them. */
function styleOf(text: string, document: Document): Style {
  const eol = /\r\n/.test(text) ? '\r\n' : '\n';
  const root = document.contents;
  if (!isMap(root)) return { eol, step: 2 };
  for (const { key, value } of root.items as Pair<Node, Node | null>[]) {
    const inner = isMap(value) && value.flow !== true ? (value.items[0]?.key as Node | undefined) : undefined;
    if (inner !== undefined) return { eol, step: columnOf(text, inner) - columnOf(text, key) };
  }
  return { eol, step: 2 };
}
