import { structuredPatch } from 'diff';
import type { FileChange } from '../onboarding/plans.ts';

const mostLines = 200;
const longestLine = 200;
/** Files are some KiB, and few of their lines change; what takes longer was made to. */
const patienceMs = 500;

/**
 * How a file would change: a unified diff, cut. Of lines that others wrote, above, below or instead of ours, only keys are shown:
 * a file may hold what its readers there may see and those here may not.
 */
export function compare(path: string, before: string | undefined, after: string): FileChange {
  const there = new Set(before?.split('\n').map(line => line.trim()));
  const patch = structuredPatch(path, path, before ?? '', after, undefined, undefined, {
    context: 2,
    timeout: patienceMs,
  });
  const lines = (patch?.hunks ?? []).flatMap(({ oldStart, oldLines, newStart, newLines, lines: hunk }) => [
    ...(before === undefined ? [] : [`@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`]),
    ...hunk
      .filter(line => !line.startsWith('\\'))
      .map(line => (line.startsWith('+') && !there.has(line.slice(1).trim()) ? line : masked(line))),
  ]);
  const shown = lines
    .slice(0, mostLines)
    .map(line => (line.length > longestLine ? `${line.slice(0, longestLine - 1)}…` : line));
  const all = patch === undefined ? after.split('\n').length : lines.length;
  return { path, isNew: before === undefined, lines: shown, more: all - shown.length };
}

/** The sign, the indentation and the key, and that there is more. */
function masked(line: string): string {
  const [, begin = '', key = '', rest = ''] =
    /^([-+ ]\s*)((?:- )?[\w./-]{1,60}:(?=\s|$))?(.*)$/s.exec(line) ?? [];
  if (rest.trim() === '') return `${begin}${key}`.trimEnd();
  return key === '' ? `${begin}…` : `${begin}${key} …`;
}
