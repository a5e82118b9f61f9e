import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createBoundedLayout } from '../../src/gitops/bounded-layout.ts';
import { configuredLayout } from '../../src/gitops/layouts.ts';
import { target } from '../support/builders.ts';
import { hostileFiles, oddFiles } from '../support/hostile-files.ts';

const boundedLayout = createBoundedLayout();
const given = target();
const { valuesPath, externalSecretPath } = given.gitops;
const client = { clientId: 'cli_abc' };
const beatMs = 10;
const saysWhatToDo = /(then retry|\(gitops\.valuesPath\)|of their own)\.$/;

/** How an edit ended, and how much of its time others could use. */
async function editing(files: Record<string, string>) {
  let beats = 0;
  const heart = setInterval(() => void (beats += 1), beatMs);
  const started = performance.now();
  const ended = await boundedLayout.edit([{ target: given, ...client }], files).then(
    changes => ({ changes }),
    (error: Error) => ({ name: error.name, text: error.message }),
  );
  clearInterval(heart);
  return { ended, share: (beats * beatMs) / (performance.now() - started) };
}

describe('a file that somebody prepared', () => {
  const shares: number[] = [];

  it.each(Object.entries(hostileFiles))(
    'with %s is refused by its name',
    async (_what, text) => {
      const { ended, share } = await editing({ [valuesPath]: text });
      shares.push(share);
      expect(ended).toMatchObject({ name: 'UserError', text: expect.stringContaining(valuesPath) });
      expect('text' in ended ? ended.text : '').toMatch(saysWhatToDo);
    },
    60_000,
  );

  it.each([
    'sixty thousand keys',
    'brackets that were never opened',
    'a bomb of aliases',
    'several documents',
  ])(
    'with %s is refused as an ExternalSecret too',
    async what => {
      const { ended } = await editing({ [externalSecretPath]: hostileFiles[what] ?? '' });
      expect(ended).toMatchObject({ name: 'UserError', text: expect.stringContaining(externalSecretPath) });
      expect('text' in ended ? ended.text : '').toMatch(saysWhatToDo);
    },
    60_000,
  );

  it('holds up nobody else while it is read', () => {
    expect(shares.length).toBeGreaterThan(0);
    // A loop that is held up beats once, whatever the time; one that only shares its machine beats most of the time.
    const most = shares.toSorted((a, b) => b - a).slice(0, shares.length / 2);
    expect(Math.min(...most)).toBeGreaterThan(0.2);
  });

  it.each(Object.entries(oddFiles))(
    'with %s is edited, and nothing else in it changes',
    async (_what, text) => {
      const { ended } = await editing({ [valuesPath]: text });
      const edited = 'changes' in ended ? (ended.changes[valuesPath] ?? '') : '';
      const { 'otterize-kubernetes': ours, ...rest } = parse(edited) as Record<string, unknown>;
      expect(ours).toMatchObject({ global: { otterizeCloud: { credentials: {} } } });
      expect(rest).toEqual(parse(text));
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    },
  );

  it('is edited in the thread as it would be without', async () => {
    const { ended } = await editing({});
    expect(ended).toEqual({ changes: configuredLayout.edit({ target: given, ...client }, {}) });
  });
});
