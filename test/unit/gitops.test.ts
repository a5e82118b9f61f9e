import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { UserError } from '../../src/errors.ts';
import { umbrellaChart } from '../../src/gitops/umbrella-chart.ts';
import { editYaml, readYaml } from '../../src/gitops/yaml-edit.ts';
import { target } from '../support/builders.ts';

const deep = [
  'otterize-kubernetes',
  'global',
  'otterizeCloud',
  'credentials',
  'clientSecretKeyRef',
  'secretName',
];
const file = 'values.yaml';

function meant(data: unknown, [key = '', ...rest]: readonly string[], value: unknown): unknown {
  const map = (data ?? {}) as Record<string, unknown>;
  return { ...map, [key]: rest.length === 0 ? value : meant(map[key], rest, value) };
}

const lines = (text: string): string[] => text.split('\n').filter(line => line.trim() !== '');

/** How many lines of the old text are not in the new one, in order. */
function lost(before: string, after: string): number {
  const rest = lines(after);
  let missing = 0;
  for (const line of lines(before)) {
    const at = rest.indexOf(line);
    if (at < 0) missing += 1;
    else rest.splice(0, at + 1);
  }
  return missing;
}

const texts: [string, string][] = [
  ['nothing', ''],
  ['comments only', '# one\n# two\n'],
  ['a document start only', '---\n'],
  ['an empty map', '{}\n'],
  ['another service', '# Values: of http://x.example\nreloader:\n  enabled: true # yes\n'],
  ['no newline at the end', 'a: 1\nb:\n  c: 2'],
  ['line ends of Windows', 'a: 1\r\nb:\r\n  c: 2\r\n'],
  ['indentation of four', 'a:\n    b: 1\nc: 2\n'],
  ['the key with no value', 'otterize-kubernetes:\nb: 1\n'],
  ['the key with a null', 'otterize-kubernetes: ~\nb: 1\n'],
  ['the key with an empty map', 'otterize-kubernetes: {} # later\nb: 1\n'],
  ['a part of the path', 'otterize-kubernetes:\n  global:\n    x: 1\n  intentsOperator:\n    y: 2\nz: 3\n'],
  [
    'the whole path',
    'otterize-kubernetes:\n  global:\n    otterizeCloud:\n      credentials:\n        clientSecretKeyRef:\n          secretName: "old" # why\n          secretKey: k\n',
  ],
  ['quoted keys', '"otterize-kubernetes":\n  \'global\':\n    x: 1\n'],
  ['a literal block at the end', 'a: |\n  one\n  two\n'],
  ['a kept block at the end', 'a: |+\n  one\n\n'],
  ['a folded block in the middle', 'a: >-\n  one\n  two\nb: 1\n'],
  ['lists at the indent of their key', 'a:\n- 1\n- x: 2\n  y: 3\n'],
  ['flow collections elsewhere', 'a: [1, {b: 2}]\nc: {d: 3}\n'],
  ['anchors elsewhere', 'a: &x 1\nb: *x\n'],
  ['a document start and end', '---\na: 1\n...\n'],
  ['other alphabets', 'größe: "ü → 漢"\n'],
];

describe('an edit of values', () => {
  it.each(texts)('of a file with %s changes that value and nothing else', (_what, text) => {
    for (const path of [deep, ['added']]) {
      const edited = editYaml(text, [{ path, value: 'new-value' }], file);
      expect(parse(edited)).toEqual(meant(parse(text), path, 'new-value'));
      expect(lost(text, edited)).toBeLessThanOrEqual(1);
      expect(editYaml(edited, [{ path, value: 'new-value' }], file)).toBe(edited);
      expect(readYaml(edited, path, file)).toBe('new-value');
    }
  });

  it('keeps line ends, quotes and comments', () => {
    expect(editYaml('a: "old" # why\r\nb: 1\r\n', [{ path: ['a'], value: 'new' }], file)).toBe(
      'a: "new" # why\r\nb: 1\r\n',
    );
  });

  it('takes a long file with colons in its comments', () => {
    const text = Array.from(
      { length: 1_200 },
      (_, index) => `# see: https://x.example/${index}: a, b\nk${index}: v`,
    ).join('\n');
    expect(editYaml(text, [{ path: ['k7'], value: 'w' }], file)).toContain('\nk7: w\n');
  });

  it.each<[string, string]>([
    ['a template', 'a: {{ .Values.x }}\n'],
    ['a template with blocks', '{% if x %}\na: 1\n{% endif %}\n'],
    ['a key twice', 'a: 1\na: 2\n'],
    ['two documents', 'a: 1\n---\nb: 2\n'],
    ['broken text', 'a: [1\n'],
    ['tabs', 'a:\n\tb: 1\n'],
    ['an alias on the way', 'x: &x {}\notterize-kubernetes: *x\n'],
    ['an anchor on the way', 'otterize-kubernetes: &x\n  a: 1\nb: *x\n'],
    ['a merge on the way', 'x: &x\n  a: 1\notterize-kubernetes:\n  <<: *x\n'],
    ['a scalar on the way', 'otterize-kubernetes: 5\n'],
    ['a list on the way', 'otterize-kubernetes:\n  - a\n'],
    ['braces on the way', 'otterize-kubernetes: {a: 1}\n'],
    ['too many keys', Array.from({ length: 60_000 }, (_, index) => `k${index}: 1`).join('\n')],
    [
      'too many keys in braces',
      `a: {${Array.from({ length: 60_000 }, (_, index) => `k${index}: 1`).join(', ')}}`,
    ],
    ['too many bytes', `a: "${'x'.repeat(300 * 1024)}"\n`],
    [
      'an alias bomb',
      [
        'a: &a [x, x, x, x, x, x, x, x, x]',
        'b: &b [*a, *a, *a, *a, *a, *a, *a]',
        'c: &c [*b, *b, *b, *b, *b, *b, *b]',
        'd: [*c, *c, *c, *c, *c, *c]',
      ].join('\n'),
    ],
  ])('is refused for a file with %s, by the file’s name', (_what, text) => {
    expect(() => editYaml(text, [{ path: deep, value: 'v' }], file)).toThrow(UserError);
    expect(() => editYaml(text, [{ path: deep, value: 'v' }], file)).toThrow(/values\.yaml/);
  });

  it('means what was asked for in any block file', () => {
    const key = fc.stringMatching(/^[a-z][a-z0-9-]{0,6}$/);
    const tree = fc.letrec(tie => ({
      node: fc.dictionary(key, fc.oneof(fc.string(), fc.string(), tie('node')), { minKeys: 1, maxKeys: 4 }),
    })).node;
    fc.assert(
      fc.property(tree, fc.constantFrom(2, 3, 4), fc.boolean(), (data, indent, windows) => {
        const text = stringify(data, { indent, lineWidth: 0 }).replaceAll('\n', windows ? '\r\n' : '\n');
        fc.pre(!/\{\{|\{%|\{\}/.test(text));
        const edited = editYaml(text, [{ path: deep, value: 'v' }], file);
        expect(parse(edited)).toEqual(meant(parse(text), deep, 'v'));
      }),
    );
  });
});

describe('the umbrella chart', () => {
  const { valuesPath, externalSecretPath } = target().gitops;
  const client = { clientId: 'cli_abc' };
  const first = umbrellaChart.edit({ target: target(), ...client }, {});

  it('gives the first cluster the chart, its values and its ExternalSecret', () => {
    expect(Object.keys(first)).toEqual(umbrellaChart.paths(target().gitops));
    expect(parse(first[valuesPath] ?? '')).toEqual({
      'otterize-kubernetes': {
        global: {
          otterizeCloud: {
            credentials: {
              clientSecretKeyRef: {
                secretName: 'otterize-cloud-credentials-secret-key',
                secretKey: 'otterize-cloud-client-secret',
                clientIdKey: 'otterize-cloud-client-id',
              },
            },
          },
        },
        intentsOperator: { operator: { mode: 'defaultShadow' } },
      },
    });
    expect(parse(first[externalSecretPath] ?? '')).toMatchObject({
      kind: 'ExternalSecret',
      spec: { target: { creationPolicy: 'Owner' } },
    });
  });

  it('changes nothing where all is in place, and only its own files for the next cluster', () => {
    expect(umbrellaChart.edit({ target: target(), ...client }, first)).toEqual({});
    const next = target({ cluster: 'billing-eu' });
    const files = { ...first, [valuesPath]: undefined, [externalSecretPath]: undefined };
    expect(Object.keys(umbrellaChart.edit({ target: next, ...client }, files))).toEqual([
      next.gitops.valuesPath,
      next.gitops.externalSecretPath,
    ]);
  });

  it('leaves the mode that somebody chose', () => {
    const text = 'otterize-kubernetes:\n  intentsOperator:\n    operator:\n      mode: defaultActive\n';
    const edited = umbrellaChart.edit({ target: target(), ...client }, { ...first, [valuesPath]: text });
    expect(edited[valuesPath]).toContain('mode: defaultActive');
  });

  it('writes the client id where the configuration says so, and refuses where the reference would win', () => {
    const literal = target({ gitops: { ...target().gitops, credentials: 'literal' } });
    expect(umbrellaChart.edit({ target: literal, ...client }, {})[valuesPath]).toContain('clientId: cli_abc');
    expect(() => umbrellaChart.edit({ target: literal, ...client }, first)).toThrow(/clientIdKey/);
  });

  it('rewrites its own ExternalSecret, leaves one that does the job and refuses any other', () => {
    const own = (first[externalSecretPath] ?? '').replace('1h', '5h');
    expect(
      umbrellaChart.edit({ target: target(), ...client }, { ...first, [externalSecretPath]: own })[
        externalSecretPath
      ],
    ).toBe(first[externalSecretPath]);
    const foreign = (first[externalSecretPath] ?? '').replace('managed-by: holt', 'managed-by: somebody');
    expect(
      umbrellaChart.edit({ target: target(), ...client }, { ...first, [externalSecretPath]: foreign }),
    ).toEqual({});
    const other = foreign.replace('key: otterize-cloud-client-id', 'key: another');
    expect(() =>
      umbrellaChart.edit({ target: target(), ...client }, { ...first, [externalSecretPath]: other }),
    ).toThrow(UserError);
  });
});
