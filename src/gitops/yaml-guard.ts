import {
  Document,
  isAlias,
  isCollection,
  isMap,
  LineCounter,
  parseAllDocuments,
  visit,
  type YAMLMap,
} from 'yaml';
import { UserError } from '../errors.ts';

const maxBytes = 256 * 1024;
/** The parser's time grows with the square of a map's keys; 60,000 of them hold a process for more than a minute. */
const maxKeys = 2_000;
/** Each is looked up through the whole file. */
const maxAliases = 50;

export const refuse = (file: string, what: string, todo: string): UserError =>
  new UserError('values-file', `Holt does not edit ${file}: ${what}. ${todo}`, file);

/** Lines as YAML has them: `^` would also match after characters that YAML takes for a part of a key. */
const withoutComments = (text: string): string =>
  text
    .split('\n')
    .filter(line => !/^[ \t]*#/.test(line))
    .join('\n');

/** Keys in blocks, keys that JSON's quotes close, and what opens a collection in braces or brackets. */
const keysIn = (body: string): number => body.match(/[:?](?=\s|$)|["'\]}]:|[[{]/gm)?.length ?? 0;

/** Parses a file that may be edited. Throws a UserError that names the file when it is too large, a template, broken or several documents. */
export function parseEditable(text: string, file: string): Document {
  if (Buffer.byteLength(text) > maxBytes) {
    throw refuse(file, 'it is larger than 256 KiB', 'Move this cluster’s values into a file of their own.');
  }
  const body = withoutComments(text);
  if (keysIn(body) > maxKeys || (body.match(/,/g)?.length ?? 0) > 4 * maxKeys) {
    throw refuse(
      file,
      `it has more than ${maxKeys} keys`,
      'Move this cluster’s values into a file of their own.',
    );
  }
  if (/\{\{|\{%/.test(body)) {
    throw refuse(file, 'it is a template', 'Name a plain values file in holt.yaml (gitops.valuesPath).');
  }
  return parseOne(text, file);
}

function parseOne(text: string, file: string): Document {
  const lines = new LineCounter();
  const documents = parsed(text, lines, file);
  const [document, second] = Array.isArray(documents) ? documents : [];
  if (document === undefined) return new Document();
  if (second !== undefined)
    throw refuse(file, 'it holds several YAML documents', 'Give this cluster’s values a file of their own.');
  const error = document.errors[0];
  if (error !== undefined) {
    const { line } = lines.linePos(error.pos[0]);
    const what =
      error.code === 'DUPLICATE_KEY' ? 'a key stands there twice' : `it is not valid YAML (${error.code})`;
    throw refuse(file, `line ${line}: ${what}`, 'Mend it, then retry.');
  }
  refuseOddities(document, lines, file);
  return document;
}

function parsed(text: string, lineCounter: LineCounter, file: string): ReturnType<typeof parseAllDocuments> {
  try {
    return parseAllDocuments(text, { lineCounter, uniqueKeys: true });
  } catch (error) {
    // The parser calls itself for each level.
    if (error instanceof RangeError) throw refuse(file, 'it is nested too deeply', 'Flatten it, then retry.');
    throw error;
  }
}

/** What nobody writes by hand, and what makes data of a small text that is large beyond all bounds. */
function refuseOddities(document: Document, lines: LineCounter, file: string): void {
  let aliases = 0;
  visit(document, {
    Pair(_, { key }) {
      if (!isCollection(key)) return;
      const { line } = lines.linePos(key.range?.[0] ?? 0);
      throw refuse(file, `line ${line}: a key is itself a map or a list`, 'Make it a text, then retry.');
    },
    Alias() {
      aliases += 1;
      if (aliases > maxAliases)
        throw refuse(file, `it has more than ${maxAliases} aliases`, 'Write the values out, then retry.');
    },
  });
}

/** The file's data. Throws a UserError when aliases make it larger than a file should be. */
export function dataOf(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: maxAliases });
  } catch {
    throw refuse(file, 'its aliases expand beyond all bounds', 'Write the values out, then retry.');
  }
}

/** A map on the way to an edit: a block map of its own, without anchors, aliases or merges. */
export function plainMap(node: unknown, where: string, file: string): YAMLMap {
  if (isAlias(node)) throw refuse(file, `${where} is an alias`, 'Write the values out there, then retry.');
  if (!isMap(node)) throw refuse(file, `${where} is not a map`, 'Make it one, or remove it, then retry.');
  if (node.anchor !== undefined)
    throw refuse(file, `${where} has an anchor that other places may use`, 'Remove the anchor, then retry.');
  if (node.tag !== undefined && node.tag !== 'tag:yaml.org,2002:map') {
    throw refuse(file, `${where} has the tag ${node.tag}`, 'Remove the tag, then retry.');
  }
  if (node.items.some(({ key }) => String(key) === '<<')) {
    throw refuse(file, `${where} merges another map`, 'Write the values out there, then retry.');
  }
  return node;
}
