import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compare } from '../../src/gitops/compare.ts';

const theirs = [
  'password: hunter2 # never',
  'nested:',
  '  token: t0ken',
  '  list:',
  '    - hunter2',
  '    - name: hunter2',
  'cert: |',
  '  hunter2+hunter2==',
  'last: hunter2',
].join('\n');

describe('how a file would change', () => {
  it('is told whole where it is new', () => {
    expect(compare('a.yaml', undefined, 'a: 1\nb:\n  c: 2\n')).toEqual({
      path: 'a.yaml',
      isNew: true,
      lines: ['+a: 1', '+b:', '+  c: 2'],
      more: 0,
    });
  });

  it('is told with what stands around it, of which the keys alone are shown', () => {
    const after = theirs
      .replace('  token: t0ken', '  token: ours')
      .replace('last: hunter2', 'last: hunter2\nours: 1\n');
    expect(compare('a.yaml', theirs, after)).toEqual({
      path: 'a.yaml',
      isNew: false,
      lines: [
        '@@ -1,5 +1,5 @@',
        ' password: …',
        ' nested:',
        '-  token: …',
        '+  token: ours',
        '   list:',
        '     …',
        '@@ -7,3 +7,4 @@',
        ' cert: …',
        '   …',
        // Nothing but the end of the line is new.
        '-last: …',
        '+last: …',
        '+ours: 1',
      ],
      more: 0,
    });
  });

  it('shows of no file what others wrote into it', () => {
    const line = fc.constantFrom(...theirs.split('\n'), 'a: hunter2', '- hunter2', 'hunter2', '"k": hunter2');
    fc.assert(
      fc.property(fc.array(line), fc.array(line), fc.nat(5), (above, below, indent) => {
        const ours = [`${' '.repeat(indent)}ours: 1`];
        const before = [...above, ...below].join('\n');
        const after = [...above, ...ours, ...below, ''].join('\r\n');
        for (const text of [after, after.replaceAll('\r', '')])
          expect(JSON.stringify(compare('a', before, text).lines)).not.toContain('hunter2');
      }),
    );
  });

  it('is cut where it is long', () => {
    const after = Array.from({ length: 250 }, (_, index) => `k${index}: ${'x'.repeat(300)}`).join('\n');
    const { lines, more } = compare('a.yaml', undefined, after);
    expect([lines.length, more, lines[0]?.length]).toEqual([200, 50, 200]);
  });
});
