import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadFleet, parseFleet } from '../../src/config.ts';
import { ConfigError, UserError } from '../../src/errors.ts';
import { fleetJsonSchema } from '../../src/json-schema.ts';
import { everybodyIn, isKnown, resolveTarget } from '../../src/onboarding/fleet.ts';

const lines = [
  'requesters: { users: [U0REQUESTER] }',
  'approval: { approvers: { users: [U0APPROVER] } }',
  'names: { vault: "kv-{cluster}-{stage}" }',
  'mailDomains: [harbour.example]',
  'gitops: { repository: harbour/clusters }',
  'stages: { dev: , prod: }',
  'clusters: { payments-eu: , payments-us: }',
];

/** A whole holt.yaml, with the line that begins with the same key replaced, or one more line. */
function yaml(...changes: string[]): string {
  const changed = [...lines];
  for (const change of changes) {
    const key = change.slice(0, change.indexOf(':') + 1);
    const at = changed.findIndex(line => line.startsWith(key));
    if (at < 0) changed.push(change);
    else changed[at] = change;
  }
  return `${changed.join('\n')}\n`;
}

const fleetOf = (...changes: string[]) => parseFleet(yaml(...changes), 'holt.yaml');

function problemsOf(text: string): readonly string[] {
  try {
    parseFleet(text, 'holt.yaml');
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('holt.yaml', () => {
  it('is read as the demo and the tests have it, and with every setting left out that can be', async () => {
    await expect(loadFleet('src/sandbox/holt.yaml')).resolves.toBeTruthy();
    await expect(loadFleet('test/fixtures/holt.yaml')).resolves.toBeTruthy();
    expect(problemsOf(yaml())).toEqual([]);
  });

  it('has a schema for editors that is the one it is read with', () => {
    expect(readFileSync('holt.schema.json', 'utf8')).toBe(fleetJsonSchema());
  });

  it.each<[string, string, RegExp]>([
    ['a setting that is misspelt', 'label: { a: b }', /^holt\.yaml:8:1: .*label\. Did you mean labels\?$/],
    ['a setting that is nothing known', 'zebra: 1', /^holt\.yaml:8:1: .*zebra\. Known here: .*stages/],
    [
      'a misspelt setting inside',
      'approval: { aprovers: {} }',
      /^holt\.yaml:2:13: .*Did you mean approvers\?/,
    ],
    [
      'a misspelt setting of a stage',
      'stages: { dev: { aproval: {} } }',
      /^holt\.yaml:6:18: .*stages\.dev\.aproval\. Did you mean approval/,
    ],
    [
      'a misspelt setting of a cluster',
      'clusters: { eu: { stags: {} } }',
      /^holt\.yaml:7:19: .*clusters\.eu\.stags\. Did you mean stages/,
    ],
    [
      'an unknown placeholder',
      'names: { vault: "kv-{region}" }',
      /^holt\.yaml:3:10: names\.vault: only \{cluster\} and \{stage\}/,
    ],
    ['a brace too many', 'names: { vault: "kv-{cluster}}" }', /^holt\.yaml:3:10: .*brace/],
    ['a percent sign', 'labels: { a: "5%" }', /^holt\.yaml:8:11: labels\.a: .*percent/],
    [
      'a time without a unit',
      'approval: { expires: 24, approvers: { users: [U0APPROVER] } }',
      /^holt\.yaml:2:13: approval\.expires/,
    ],
    [
      'a time that is no time',
      'approval: { expires: soon, approvers: { users: [U0APPROVER] } }',
      /approval\.expires: a time is a number and m, h or d/,
    ],
    [
      'a mail domain that is none',
      'mailDomains: [harbour]',
      /^holt\.yaml:4:\d+: mailDomains\.0: a mail domain/,
    ],
    ['a mail domain that only looks like one', 'mailDomains: [xn--hrbour-9ta.example]', /mailDomains\.0/],
    [
      'a path out of the repository',
      'gitops: { repository: a/b, chartPath: ../x }',
      /^holt\.yaml:5:\d+: gitops\.chartPath: a path is relative/,
    ],
    [
      'an absolute path',
      'gitops: { repository: a/b, valuesPath: /x.yaml }',
      /gitops\.valuesPath: a path is relative/,
    ],
    [
      'a repository that is none',
      'gitops: { repository: clusters }',
      /gitops\.repository: a repository is owner\/name/,
    ],
    [
      'a person in place of an id',
      'requesters: { users: ["@anna"] }',
      /^holt\.yaml:1:\d+: requesters\.users\.0: /,
    ],
    ['a stage that Slack cannot name', 'stages: { "Prod 1": }', /^holt\.yaml:6:\d+: .*lower-case/],
    ['no stage', 'stages: {}', /^holt\.yaml:6:1: There is no stage\./],
    ['no cluster', 'clusters: {}', /^holt\.yaml:7:1: There is no cluster\. List them, or say any\.$/],
    ['a word for clusters that is not any', 'clusters: all', /^holt\.yaml:7:1: clusters/],
    [
      'a stage that only a cluster knows',
      'clusters: { eu: { stages: { prd: } } }',
      /There is no stage prd\. Did you mean prod\?/,
    ],
    [
      'a stage of the cluster that every object has',
      'clusters: { eu: { stages: { constructor: } } }',
      /There is no stage constructor\./,
    ],
    ['nobody who may ask', 'requesters: { users: [] }', /Nobody may ask: set requesters\./],
    [
      'nobody who may approve',
      'approval: { approvers: { users: [] } }',
      /Nobody may approve: set approval\.approvers\./,
    ],
    [
      'more approvals than approvers',
      'approval: { required: 2, approvers: { users: [U0APPROVER] } }',
      /2 people must approve, but approval\.approvers lists 1/,
    ],
    [
      'invites without a domain',
      'mailDomains: []\ninvite: { people: [anna@harbour.example] }',
      /no domain is allowed: set mailDomains/,
    ],
    [
      'a chart too old for secretRef',
      'gitops: { repository: a/b, chartVersion: 5.0.14 }',
      /needs chart 5\.0\.15 or newer, not 5\.0\.14/,
    ],
    ['no name for the vault', 'names: {}', /does not say for payments-eu dev: names\.vault/],
    [
      'a vault too long',
      'names: { vault: "the-vault-of-{cluster}-{stage}" }',
      /No vault can be named the-vault-of-payments-eu-dev/,
    ],
    [
      'an organization with dots',
      'names: { vault: "kv-{cluster}-{stage}", organization: "{cluster}.{stage}" }',
      /Otterize takes no organization named payments-eu\.dev/,
    ],
    [
      'one name for both secrets',
      'names: { vault: "kv-{cluster}-{stage}", clientIdSecret: s, clientSecretSecret: s }',
      /Both secrets have the same name/,
    ],
    [
      'one organization for two targets',
      'names: { vault: "kv-{cluster}-{stage}", organization: "{cluster}" }',
      /payments-eu prod and payments-eu dev would both use the organization payments-eu\./,
    ],
    [
      'one secret for two targets',
      'names: { vault: "kv-{stage}" }',
      /payments-us dev and payments-eu dev would both use the secret otterize-cloud-client-id in kv-dev/,
    ],
    [
      'one file for two targets',
      'gitops: { repository: a/b, valuesPath: "{stage}.yaml" }',
      /would both use the file dev\.yaml in a\/b/,
    ],
  ])('with %s is refused, with the place and what to do', (_what, change, problem) => {
    const problems = problemsOf(yaml(change));
    expect(problems.join('\n')).toMatch(new RegExp(problem, 'm'));
    for (const each of problems) expect(each).toMatch(/^holt\.yaml:\d+:\d+: \S.*\.$|\?$|:.*\.$/);
  });

  it.each([
    ['broken', 'stages: [\n'],
    ['empty', ''],
    ['a list', '- a\n'],
  ])('that is %s is refused', (_what, text) => {
    expect(problemsOf(text).join('\n')).toMatch(/^holt\.yaml:\d+:\d+: /);
  });

  it.each([
    [`${yaml()}stages: { prod: }\n`, 'holt.yaml:8:1: stages stands here again.'],
    [yaml('clusters: { a: , b: , "a": }'), 'holt.yaml:7:23: a stands here again.'],
    [yaml('clusters: { 1: , "1": }'), 'holt.yaml:7:18: 1 stands here again.'],
  ])('that has a key twice is refused, in a map within a map too', (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  it('tells all mistakes at once, each with its line', () => {
    const problems = problemsOf(
      yaml('zebra: 1', 'mailDomains: [no]', 'gitops: { repository: x, base: main, layoot: y }'),
    );
    expect(problems.map(each => Number(each.split(':')[1])).toSorted((a, b) => a - b)).toEqual([4, 5, 5, 8]);
  });

  it('that is not there is asked for by the name of the variable', async () => {
    await expect(loadFleet('nowhere/holt.yaml')).rejects.toThrow(/nowhere\/holt\.yaml.*HOLT_CONFIG/);
  });
});

const refused = (cluster: string, stage: string) => () => resolveTarget(fleetOf(), cluster, stage);

describe('a target', () => {
  it.each([
    ['a quarter of the time before the end when nobody says more', '', 21_600_000],
    ['when it is said', 'remindBefore: 30m', 1_800_000],
    ['a quarter of another time', 'expires: 4h', 3_600_000],
    ['never when it would be at once', 'remindBefore: 24h', undefined],
    ['never when it would be before it was asked', 'expires: 1h, remindBefore: 2h', undefined],
  ])('has its approvers reminded %s', (_when, said, ms) => {
    const fleet = fleetOf(`stages: { dev: , prod: { approval: { ${said} } } }`);
    expect(resolveTarget(fleet, 'payments-eu', 'prod').approval.remindBeforeMs).toBe(ms);
  });

  it('has what the innermost layer says, lists replaced whole, names filled in', () => {
    const fleet = fleetOf(
      'labels: { region: none, cluster: "{cluster}", env: "{stage}" }',
      'stages: { dev: , prod: { labels: { tier: gold, region: stage }, mailDomains: [a.example, b.example] } }',
      'clusters: { payments-eu: { labels: { region: eu }, mailDomains: [c.example], stages: { prod: { labels: { tier: platinum }, approval: { expires: 30m } } } }, payments-us: }',
      'gitops: { repository: harbour/clusters, externalSecret: { storeName: "store-{stage}" } }',
    );
    expect(resolveTarget(fleet, 'payments-eu', 'prod')).toMatchObject({
      labels: { region: 'eu', cluster: 'payments-eu', env: 'prod', tier: 'platinum' },
      mailDomains: ['c.example'],
      approval: { required: 1, selfApproval: false, expiresMs: 1_800_000 },
      names: { organization: 'payments-eu-prod', environment: 'prod', vault: 'kv-payments-eu-prod' },
      gitops: {
        base: 'main',
        branch: 'holt/payments-eu-prod',
        credentials: 'secretRef',
        operatorMode: 'defaultShadow',
        valuesPath: 'cluster/payments-eu/prod/security/otterize/values.yaml',
        externalSecret: { storeName: 'store-prod', apiVersion: 'external-secrets.io/v1' },
      },
    });
    expect(resolveTarget(fleet, 'payments-us', 'dev')).toMatchObject({
      labels: { region: 'none' },
      mailDomains: ['harbour.example'],
      approval: { expiresMs: 86_400_000 },
    });
  });

  it('that is not listed is refused with a suggestion', () => {
    expect(refused('payment-eu', 'prod')).toThrow(/payment-eu\. Did you mean payments-eu\?/);
    expect(refused('payments-eu', 'prd')).toThrow(/prd\. Did you mean prod\?/);
    expect(refused('constructor', 'prod')).toThrow(UserError);
    expect(refused('payments-eu', 'constructor')).toThrow(UserError);
  });

  it('may have any name where the configuration says so, and is then not a known one', () => {
    const fleet = fleetOf('clusters: any');
    expect(resolveTarget(fleet, 'constructor', 'prod').names.organization).toBe('constructor-prod');
    expect(isKnown(fleet, 'constructor')).toBe(false);
    expect(isKnown(fleetOf(), 'payments-eu')).toBe(true);
  });

  it('is asked and approved by groups that any layer names', () => {
    const fleet = fleetOf(
      'requesters: { groups: [S0TOP] }',
      'stages: { dev: , prod: { approval: { approvers: { groups: [S0STAGE] } } } }',
      'clusters: { eu: { requesters: { groups: [S0EU] }, stages: { prod: { approval: { approvers: { groups: [S0TOP, S0BOTH] } } } } } }',
    );
    expect(everybodyIn(fleet).groups.toSorted()).toEqual(['S0BOTH', 'S0EU', 'S0STAGE', 'S0TOP']);
  });

  it('is asked and approved by people that any layer names, each once', () => {
    const fleet = fleetOf(
      'requesters: { users: [U0TOP] }',
      'stages: { dev: , prod: { approval: { approvers: { users: [U0STAGE, U0TOP] } } } }',
    );
    expect(everybodyIn(fleet).users.toSorted()).toEqual(['U0APPROVER', 'U0STAGE', 'U0TOP']);
  });

  it('shares nothing with another one while the templates name both cluster and stage', () => {
    const name = fc.stringMatching(/^[a-z](-?[a-z0-9]){1,4}$/);
    fc.assert(
      fc.property(
        fc.uniqueArray(name, { minLength: 2, maxLength: 4 }),
        fc.uniqueArray(name, { minLength: 1, maxLength: 3 }),
        (clusters, stages) => {
          const places = [
            `clusters: { ${clusters.map(each => `${each}: `).join(', ')} }`,
            `stages: { ${stages.map(each => `${each}: `).join(', ')} }`,
          ];
          const pairs = clusters.flatMap(cluster => stages.map(stage => `${cluster}-${stage}`));
          const clash = new Set(pairs).size < pairs.length;
          const vault = 'names: { vault: "v-{cluster}-{stage}" }';
          expect(problemsOf(yaml(...places, vault)).length > 0).toBe(clash);
          expect(
            problemsOf(
              yaml(...places, 'names: { vault: "v-{cluster}-{stage}", organization: "org-{stage}" }'),
            ).join(),
          ).toContain('would both use the organization');
        },
      ),
    );
  });
});
