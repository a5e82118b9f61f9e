import { Document, isAlias, isMap, LineCounter, parseAllDocuments, type YAMLMap } from 'yaml';
import { UserError } from '../errors.ts';

const maxBytes = 256 * 1024;
/** The parser's time grows with the square of a map's keys; 60,000 of them hold a process for more than a minute. */
const maxKeys = 2_000;

export const refuse = (file: string, what: string, todo: string): UserError =>
  new UserError('values-file', `Holt does not edit ${file}: ${what}. ${todo}`, file);

const withoutComments = (text: string): string => text.replaceAll(/^[ \t]*#.*$/gm, '');

/** Parses a file that may be edited. Throws a UserError that names the file when it is too large, a template, broken or several documents. */
export function parseEditable(text: string, file: string): Document {
  if (Buffer.byteLength(text) > maxBytes) {
    throw refuse(file, 'it is larger than 256 KiB', 'Move this cluster’s values into a file of their own.');
  }
  const body = withoutComments(text);
  const keys = body.match(/[:?](?=\s|$)/gm)?.length ?? 0;
  if (keys > maxKeys || (body.match(/,/g)?.length ?? 0) > 4 * maxKeys) {
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
  const documents = parseAllDocuments(text, { lineCounter: lines, uniqueKeys: true });
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
  return document;
}

/** The file's data. Throws a UserError when aliases make it larger than a file should be. */
export function dataOf(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 50 });
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
