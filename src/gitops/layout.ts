import { isDeepStrictEqual } from 'node:util';
import { stringify } from 'yaml';
import { UserError } from '../errors.ts';
import type { Files, Layout, Onboarded } from '../onboarding/ports.ts';
import type { GitOpsTarget } from '../onboarding/request.ts';
import { createFill, type Fill, type Template } from './template.ts';
import { type Edit, editYaml, readYaml } from './yaml-edit.ts';
import { dataOf, parseEditable } from './yaml-guard.ts';

/**
 * A layout of GitOps repositories, as data. Strings are templates over the target (`{cluster}`, `{names.vault}`,
 * `{gitops.valuesPath}`) and `{clientId}`; a path is a template over its `gitops`.
 */
export interface LayoutDescription {
  /** What all clusters share. It is one thing: when its first file is there, it has owners, and none of it is written. */
  once: readonly NewFile[];
  perCluster: readonly (OwnFile | ValuesFile)[];
  /** What a person does once the pull request is merged. */
  afterMerge: readonly string[];
}

interface NewFile {
  path: string;
  /** A line for people at the top. */
  comment?: string;
  content: Template;
}

/** A manifest of Holt's, which its label says: rewritten when it says something else. */
interface OwnFile {
  /** One placeholder, the setting that people can change to keep a file of theirs. */
  path: string;
  own: Template;
  /** Of somebody else's file: what it does not do unless its `spec` says all of ours, and what to do. */
  otherwise: string;
}

/** Somebody's file, in which single values are set and everything else stays. */
interface ValuesFile {
  path: string;
  set: readonly Setting[];
}

/** A value that is set, or one whose presence is a reason to refuse the file. */
export type Setting = {
  path: readonly string[];
  /** Only with this way of giving credentials. */
  when?: GitOpsTarget['credentials'];
} & (Wanted | Unwanted);

interface Wanted {
  value: string;
  /** A value that somebody chose stays. */
  keep?: true;
}

interface Unwanted {
  /** What is wrong with it and what to do, after the file's name. */
  refuse: string;
}

/** The label of what is Holt's. */
export const managedByHolt = { 'app.kubernetes.io/managed-by': 'holt' };

/** A layout as pure text to text, of one cluster at a time. */
export type PureLayout = Omit<Layout, 'edit' | 'prepare'> & {
  edit(onboarded: Onboarded, files: Files): Record<string, string>;
};

/** What a description of a layout means. */
export const createLayout = ({ once, perCluster, afterMerge }: LayoutDescription): PureLayout => ({
  paths: gitops => (isElsewhere(gitops) ? perCluster : [...once, ...perCluster]).map(pathIn(gitops)),

  elsewhere: gitops => (isElsewhere(gitops) ? once.slice(0, 1).map(pathIn(gitops)) : []),

  edit({ target, clientId }, files) {
    const { gitops } = target;
    const fill = createFill({ ...target, clientId });
    const path = pathIn(gitops);
    const [first] = once;
    const shared = isElsewhere(gitops) || first === undefined || files[path(first)] !== undefined ? [] : once;
    const wanted: Files = Object.fromEntries([
      ...shared.map(file => [path(file), files[path(file)] ?? newText(file, fill)]),
      ...perCluster.map(file => [path(file), textOf(file, files[path(file)], fill, gitops)]),
    ]);
    const changed = Object.entries(wanted).filter(([file, text]) => text !== files[file]);
    return Object.fromEntries(changed) as Record<string, string>;
  },

  afterMerge: target => afterMerge.map(createFill(target).text),
});

/** Of another repository Holt only reads: a run opens one pull request. */
const isElsewhere = ({ chartRepository }: GitOpsTarget): boolean => chartRepository !== undefined;

const pathIn =
  (gitops: GitOpsTarget) =>
  ({ path }: { path: string }): string =>
    createFill({ gitops }).text(path);

const newText = ({ comment, content }: NewFile, fill: Fill): string =>
  (comment === undefined ? '' : `# ${comment}\n`) + stringify(fill.tree(content));

function textOf(
  file: OwnFile | ValuesFile,
  text: string | undefined,
  fill: Fill,
  gitops: GitOpsTarget,
): string {
  return 'own' in file ? ownText(file, text, fill) : valuesText(file, text ?? '', fill, gitops);
}

function ownText({ path, own, otherwise }: OwnFile, text: string | undefined, fill: Fill): string {
  const file = fill.text(path);
  const wanted = fill.tree(own) as Manifest;
  if (text === undefined || text.trim() === '') return stringify(wanted);
  const found = (dataOf(parseEditable(text, file), file) ?? {}) as Manifest;
  if (isDeepStrictEqual(found, wanted)) return text;
  if (covers(found.metadata?.labels, managedByHolt)) return stringify(wanted);
  if (found.kind === wanted.kind && covers(found.spec, wanted.spec)) return text;
  throw new UserError(
    'foreign-file',
    `${file} is not Holt’s and ${otherwise}, or name another file in holt.yaml (${path.replaceAll(/[{}]/g, '')}), then retry.`,
    file,
  );
}

interface Manifest {
  kind?: unknown;
  metadata?: { labels?: unknown } | null;
  spec?: unknown;
}

/** Whether all that is wanted is in what was found; of a list, in any order and among others. */
function covers(found: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return Array.isArray(found) && wanted.every(each => found.some(other => covers(other, each)));
  }
  if (typeof wanted !== 'object' || wanted === null) return found === wanted;
  if (typeof found !== 'object' || found === null) return false;
  return Object.entries(wanted).every(([key, value]) =>
    covers((found as Record<string, unknown>)[key], value),
  );
}

function valuesText({ path, set }: ValuesFile, text: string, fill: Fill, gitops: GitOpsTarget): string {
  const file = fill.text(path);
  const due = set.filter(({ when }) => when === undefined || when === gitops.credentials);
  const edits = due.flatMap((setting): Edit[] => {
    const there = (): boolean => readYaml(text, setting.path, file) !== undefined;
    if ('refuse' in setting) {
      if (there()) throw new UserError('values-file', `${file} ${setting.refuse}`, file);
      return [];
    }
    if (setting.keep === true && there()) return [];
    return [{ path: setting.path, value: fill.text(setting.value) }];
  });
  return editYaml(text, edits, file);
}
