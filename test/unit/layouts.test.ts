import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { UserError } from '../../src/errors.ts';
import { argoApplicationDescription } from '../../src/gitops/argo-application.ts';
import { configuredLayout } from '../../src/gitops/layouts.ts';
import { createFill } from '../../src/gitops/template.ts';
import { umbrellaChartDescription } from '../../src/gitops/umbrella-chart.ts';
import { checkFleet } from '../../src/onboarding/fleet.ts';
import type { Target } from '../../src/onboarding/request.ts';
import { filesBelow, fleetWith, placesIn, targetWith } from '../support/layouts.ts';
import { application, chartValues, externalSecret, validate } from '../support/manifests.ts';

const descriptions = {
  'umbrella-chart': umbrellaChartDescription,
  'argo-application': argoApplicationDescription,
};
const layouts = Object.keys(descriptions) as (keyof typeof descriptions)[];
const client = { clientId: 'cli_abc' };
const pullOf = (target: Target, files: Record<string, string | undefined> = {}): Record<string, string> =>
  configuredLayout.edit({ target: target, ...client }, files);

/** What configuration may say, and a repository may hold, at its strangest. */
const word = fc.oneof(
  fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/),
  fc.constantFrom(
    'null',
    'on',
    '1e3',
    'a: b',
    'x # y',
    '"q"',
    "it's",
    '$&',
    '- x',
    '0123',
    '*a',
    '!t',
    'ü 漢',
  ),
);
const name = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
const part = fc.oneof(
  fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/),
  fc.constantFrom('null', 'on', '1e3', '0123', 'a b', '(x)', '@y', '+z', 'k=v,w', '.hidden', 'ü 漢'),
);
const folder = fc.array(part, { minLength: 1, maxLength: 3 }).map(words => words.join('/'));
const strange = fc
  .record({
    layout: fc.constantFrom(...layouts),
    base: word,
    credentials: fc.constantFrom('secretRef', 'literal'),
    chartPath: folder,
    valuesPath: folder.map(path => `${path}/values.yaml`),
    externalSecretPath: fc.oneof(
      folder.map(path => `${path}/external-secret.yaml`),
      fc.constant('es.yaml'),
    ),
    namespace: name,
    operatorMode: fc.constantFrom('defaultShadow', 'defaultActive'),
    externalSecret: fc.record({
      apiVersion: fc.constantFrom('external-secrets.io/v1', 'external-secrets.io/v1beta1'),
      storeKind: fc.constantFrom('ClusterSecretStore', 'SecretStore'),
      storeName: name,
      refreshInterval: fc.constantFrom('30s', '1h'),
      secretName: name,
    }),
    application: fc.record({
      path: folder.map(path => `${path}/application.yaml`),
      name,
      namespace: name,
      project: name,
      destination: fc.oneof(word, fc.constant('https://10.0.0.1:6443')),
      repoUrl: fc.oneof(word, fc.constant('git@github.com:harbour/clusters.git')),
    }),
  })
  // Files must differ, or the configuration is refused.
  .filter(({ chartPath, valuesPath }) => valuesPath !== `${chartPath}/values.yaml`)
  .map(gitops => targetWith(gitops));

describe.each(layouts)('the layout %s', layout => {
  const target = targetWith({ layout });
  const whole = filesBelow(`test/fixtures/layouts/${layout}`);

  it('is data', () => {
    expect(JSON.parse(JSON.stringify(descriptions[layout]))).toEqual(descriptions[layout]);
  });

  it('gives a cluster this pull request', () => {
    const pull = pullOf(target);
    expect(pull).toEqual(whole);
    expect(Object.keys(pull)).toEqual(configuredLayout.paths(target.gitops));
    for (const step of configuredLayout.afterMerge(target)) expect(step).not.toMatch(/[{}]/);
  });

  it('gives the next cluster files of its own and leaves the first one’s', () => {
    const next = pullOf(targetWith({ layout }, 'billing-eu'), whole);
    expect(Object.keys(next)).toHaveLength(descriptions[layout].perCluster.length);
    expect(Object.keys(next).filter(path => !path.includes('billing-eu'))).toEqual([]);
  });

  it.each([
    ['a template', 'a: {{ .Values.x }}\n'],
    ['broken', 'a: [1\n'],
    ['several documents', 'a: 1\n---\nb: 2\n'],
    ['a list', '- a\n'],
    ['a word', 'hello\n'],
    ['an anchor on every way', 'global: &x\n  a: 1\notterize-kubernetes: *x\nspec: *x\n'],
  ])('refuses a file that is %s, by its name', (_what, text) => {
    for (const { path } of descriptions[layout].perCluster) {
      const file = createFill(target).text(path);
      const edit = () => pullOf(target, { ...whole, [file]: text });
      expect(edit).toThrow(UserError);
      expect(edit).toThrow(file);
    }
  });

  it('does not touch a comment that stands where a manifest should', () => {
    const path = target.gitops.externalSecretPath;
    expect(() => pullOf(target, { ...whole, [path]: '# Ours, soon.\n' })).toThrow(/is not Holt’s/);
  });
});

describe('what any layout writes', () => {
  it('is YAML that says what was configured, and is in place the second time', () => {
    fc.assert(
      fc.property(strange, target => {
        const pull = pullOf(target);
        const said = Object.entries(pull).map(([path, text]) => [path, parse(text)] as const);
        const { valuesPath, externalSecretPath, layout, namespace } = target.gitops;
        expect(said.map(([path]) => path)).toEqual(configuredLayout.paths(target.gitops));
        const saidOf = Object.fromEntries(said);
        expect(saidOf[externalSecretPath]).toMatchObject({ metadata: { namespace } });
        const root =
          layout === 'umbrella-chart' ? saidOf[valuesPath]['otterize-kubernetes'] : saidOf[valuesPath];
        const { secretName } = target.gitops.externalSecret;
        expect(root.global.otterizeCloud.credentials.clientSecretKeyRef).toMatchObject({ secretName });
        expect(pullOf(target, pull)).toEqual({});
      }),
    );
  });

  it('is accepted by the schemas, with no key that they do not know', () => {
    const known = new Set([...placesIn(application), ...placesIn(externalSecret)]);
    fc.assert(
      fc.property(strange, target => {
        const manifests = Object.values(pullOf(target))
          .map(text => parse(text))
          .filter(({ apiVersion }) => apiVersion !== undefined && apiVersion !== 'v2');
        expect(manifests.length).toBeGreaterThan(0);
        for (const manifest of manifests) {
          expect(() => validate(manifest)).not.toThrow();
          expect(placesIn(manifest).filter(place => !known.has(place))).toEqual([]);
        }
      }),
    );
  });

  it('would be refused by the schemas if it were wrong', () => {
    const { 'applications/otterize-payments-eu-prod.yaml': text = '' } = pullOf(
      targetWith({ layout: 'argo-application' }),
    );
    const { spec, ...rest } = parse(text) as { spec: Record<string, unknown> };
    expect(() => validate({ ...rest, spec })).not.toThrow();
    expect(() => validate({ ...rest, spec: { ...spec, project: undefined } })).toThrow(/project/);
    expect(() => validate({ ...rest, spec: { ...spec, sources: [{}] } })).toThrow(/repoURL/);
  });

  it('is read by the chart, all of it', () => {
    fc.assert(
      fc.property(strange, target => {
        const values = parse(pullOf(target)[target.gitops.valuesPath] ?? '') as Record<string, unknown>;
        const root = target.gitops.layout === 'umbrella-chart' ? values['otterize-kubernetes'] : values;
        const places = placesIn(root);
        const leaves = places.filter(place => !places.some(other => other.startsWith(`${place}.`)));
        expect(leaves.filter(place => !chartValues.includes(place))).toEqual([]);
      }),
    );
  });

  it('keeps the client id out of Git unless the configuration says literal', () => {
    fc.assert(
      fc.property(strange, target => {
        const text = Object.values(pullOf(target)).join('\n');
        expect(text.includes('cli_abc')).toBe(target.gitops.credentials === 'literal');
      }),
    );
  });
});

const argo = (settings: Record<string, unknown> = {}, rest: Record<string, unknown> = {}): Target =>
  targetWith({ layout: 'argo-application', application: settings, ...rest });
const specOf = (target: Target) => parse(pullOf(target)[target.gitops.application?.path ?? ''] ?? '').spec;
const sourceOf = (externalSecretPath: string) => specOf(argo({}, { externalSecretPath })).sources[1];

const clashesOf = (destination: string): string[] => {
  const gitops = { layout: 'argo-application', application: { name: 'otterize', destination } };
  return checkFleet(fleetWith(gitops, ['eu', 'us'])).map(({ text }) => text);
};

describe('an Argo CD Application', () => {
  it('goes to the cluster by name, or by the address of its API server', () => {
    expect(specOf(argo()).destination).toEqual({ name: 'payments-eu', namespace: 'otterize-system' });
    expect(specOf(argo({ destination: 'https://{cluster}.example:6443' })).destination).toEqual({
      server: 'https://payments-eu.example:6443',
      namespace: 'otterize-system',
    });
  });

  it('takes the ExternalSecret alone from its folder, wherever that is', () => {
    expect(sourceOf('a/b/secret.yaml')).toMatchObject({ path: 'a/b', directory: { include: 'secret.yaml' } });
    expect(sourceOf('secret.yaml')).toMatchObject({ path: '.', directory: { include: 'secret.yaml' } });
  });

  it('of Holt’s is rewritten, one that does the job stays, and any other is refused', () => {
    const target = argo();
    const path = target.gitops.application?.path ?? '';
    const whole = pullOf(target);
    const own = whole[path] ?? '';
    const old = own.replace('5.0.87', '5.0.80');
    expect(pullOf(target, { ...whole, [path]: old })).toEqual({ [path]: own });
    const somebodys = own.replace('managed-by: holt', 'managed-by: anna');
    const more = somebodys.replace('spec:\n', 'spec:\n  revisionHistoryLimit: 3\n');
    expect(pullOf(target, { ...whole, [path]: more })).toEqual({});
    const edit = () => pullOf(target, { ...whole, [path]: somebodys.replace('5.0.87', '5.0.80') });
    expect(edit).toThrow(/is not Holt’s.*gitops\.application\.path/);
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['a name too long', { name: `otterize-${'x'.repeat(50)}` }, /at most 53 .* Helm release/],
    [
      'a name with a dot',
      { name: 'otterize.{cluster}' },
      /No Application can be named otterize\.payments-eu/,
    ],
    ['a project that is none', { project: 'No Project' }, /No Argo CD project can be named No Project/],
    [
      'an API server’s address with a password',
      { destination: 'https://x:y@10.0.0.1' },
      /has no password in it/,
    ],
    ['a password in the address', { repoUrl: 'https://x:hunter2@github.com/a/b' }, /has no password in it/],
    [
      'a file that another one is',
      { path: 'cluster/{cluster}/{stage}/security/otterize/values.yaml' },
      /Two of its files/,
    ],
  ])('with %s is refused', (_what, settings, problem) => {
    expect(() => argo(settings)).toThrow(problem);
  });

  it('of one name for two clusters is refused, unless each cluster has an Argo CD of its own', () => {
    expect(clashesOf('{cluster}')).toEqual([
      'us prod and eu prod would both use the Application otterize in argocd. Put {cluster} or {stage} into its template.',
    ]);
    expect(clashesOf('in-cluster')).toEqual([]);
    expect(clashesOf('https://kubernetes.default.svc')).toEqual([]);
  });

  it('has no chart that could be in another repository', () => {
    expect(() => argo({}, { chartRepository: 'harbour/catalogue' })).toThrow(/has no chart of its own/);
    const same = argo({}, { chartRepository: 'harbour/clusters' });
    expect(same.gitops.chartRepository).toBeUndefined();
  });
});

describe('an umbrella chart', () => {
  it('shares no file with a cluster', () => {
    const valuesPath = 'security/otterize/values.yaml';
    expect(() => targetWith({ valuesPath })).toThrow(/Two of its files would be security/);
    expect(targetWith({ valuesPath, chartRepository: 'harbour/catalogue' }).gitops).toMatchObject({
      valuesPath,
    });
  });
});

describe('an umbrella chart in another repository', () => {
  const target = targetWith({ chartRepository: 'harbour/catalogue', base: 'production' });

  it('is looked for there and not written', () => {
    expect(target.gitops).toMatchObject({ chartRepository: 'harbour/catalogue', chartBase: 'production' });
    expect(configuredLayout.elsewhere(target.gitops)).toEqual(['security/otterize/Chart.yaml']);
    const own = [target.gitops.valuesPath, target.gitops.externalSecretPath];
    expect(configuredLayout.paths(target.gitops)).toEqual(own);
    expect(Object.keys(pullOf(target))).toEqual(own);
  });
});

describe('a template', () => {
  it('fills in what is there, once, and says when a layout asks for what is not', () => {
    const { text, tree } = createFill({ a: '{b}', b: { c: 'x/y/$&.yaml' } });
    expect(text('{a} {b.c} {folder of b.c} {file of b.c}')).toBe('{b} x/y/$&.yaml x/y $&.yaml');
    expect(tree({ one: '{b.c}', none: '{b.d?}', list: ['{a}', true] })).toEqual({
      one: 'x/y/$&.yaml',
      list: ['{b}', true],
    });
    expect(() => text('{b.d}')).toThrow('{b.d}');
    expect(() => text('{constructor}')).toThrow('{constructor}');
  });
});
