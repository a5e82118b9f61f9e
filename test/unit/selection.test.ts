import { describe, expect, it } from 'vitest';
import { parseFleet } from '../../src/config.ts';
import { parseCommand } from '../../src/onboarding/command.ts';
import { matchesGlob } from '../../src/onboarding/parts.ts';
import { select } from '../../src/onboarding/selection.ts';

const fleet = parseFleet(
  `
requesters: { users: [U1] }
approval: { approvers: { users: [U2] } }
names: { vault: "kv-{cluster}-{stage}" }
gitops: { repository: harbour/clusters }
rollout: { canary: 1, wave: 2 }
stages:
  dev:
  prod: { rollout: { stopAfter: 3 } }
clusters:
  payments-eu: { labels: { region: eu } }
  payments-us: { labels: { region: us } }
  payments-ap: { labels: { region: ap }, approval: { approvers: { users: [U9] } } }
  billing-eu: { labels: { region: eu } }
  billing-us: { labels: { region: us }, gitops: { repository: harbour/billing } }
  ledger: { names: { vault: "kv.{cluster}" } }
`.replace('  ledger: { names: { vault: "kv.{cluster}" } }', '  ledger:'),
  'holt.yaml',
);

function selected(text: string, may: (cluster: string) => boolean = () => true) {
  const command = parseCommand(`onboard ${text}`);
  if (command.verb !== 'onboard' || command.several === undefined) throw new Error(JSON.stringify(command));
  const { clusters, leftOut, policy } = select(fleet, command.several, command.stage, ({ cluster }) =>
    may(cluster),
  );
  return { clusters: clusters.map(({ target, wave }) => [target.cluster, wave]), leftOut, policy };
}

const namesOf = (text: string): unknown[] => selected(text).clusters.map(([name]) => name);

describe('a selection', () => {
  it.each([
    ['payments-eu,payments-us prod', ['payments-eu', 'payments-us']],
    ['payments-us , payments-eu prod', ['payments-eu', 'payments-us']],
    ['Payments-EU,payments-eu,payments-us prod', ['payments-eu', 'payments-us']],
    ['payments-?? dev', ['payments-eu', 'payments-us']],
    ['*-eu prod', ['payments-eu', 'billing-eu']],
    ['region=EU prod', ['payments-eu', 'billing-eu']],
    ['region=eu,ledger prod', ['payments-eu', 'billing-eu', 'ledger']],
    ['--all prod', ['payments-eu', 'payments-us', 'billing-eu', 'ledger']],
  ])('%s means %j, in the order of holt.yaml', (text, names) => {
    expect(namesOf(text)).toEqual(names);
  });

  it('is called the same in whatever order its parts are typed', () => {
    const [one, other] = ['b-*,region=eu', 'region=eu,b-*'].map(text => parseCommand(`status ${text} prod`));
    expect(one).toMatchObject({ target: { cluster: 'b-*,region=eu' } });
    expect(other).toMatchObject({ target: { cluster: 'b-*,region=eu' } });
  });

  it.each([
    ['*', true],
    ['payments-*', true],
    ['*-eu', true],
    ['p*s-*u', true],
    ['payments-e?', true],
    ['?ayments-*', true],
    ['payments-eu*', true],
    ['*pay*ment*eu*', true],
    ['payments-e', false],
    ['payments-?', false],
    ['payments-eu?', false],
    ['*-us', false],
    ['eu*', false],
    ['*eu*eu', false],
    ['payments-eu*u', false],
  ])('of %s has payments-eu in it: %s', (glob, expected) => {
    expect(matchesGlob(glob, 'payments-eu')).toBe(expected);
  });

  it('of many stars takes no longer than any other', () => {
    // With a regular expression this would not come back.
    expect(matchesGlob(`${'*a'.repeat(19)}*b`, 'a'.repeat(40))).toBe(false);
  });

  it('leaves out who has other requesters: whoever may steer one could steer all', () => {
    const other = parseFleet(
      `
requesters: { users: [U1] }
approval: { approvers: { users: [U2] } }
names: { vault: "kv-{cluster}-{stage}" }
gitops: { repository: harbour/clusters }
stages: { prod: }
clusters: { a: , b: { requesters: { users: [U1, U3] } } }
`,
      'holt.yaml',
    );
    const { clusters, leftOut } = select(other, [{ kind: 'all' }], 'prod', () => true);
    expect(clusters.map(({ target }) => target.cluster)).toEqual(['a']);
    expect(leftOut).toEqual([{ cluster: 'b', why: 'it has other requesters than a: ask for it on its own' }]);
  });

  it('goes canary first, then in waves, as the stage says', () => {
    expect(selected('--all prod').clusters).toEqual([
      ['payments-eu', 1],
      ['payments-us', 2],
      ['billing-eu', 2],
      ['ledger', 3],
    ]);
    expect(selected('--all prod').policy).toEqual({
      canary: 1,
      wave: 2,
      stopAfter: 3,
      pullRequests: 'per-rollout',
    });
    expect(selected('--all dev').policy.stopAfter).toBe(1);
  });

  it('says what is left out and why', () => {
    const { leftOut } = selected(
      'payments-*,billing-us,pament-eu,x*,region=xx prod',
      name => name !== 'payments-us',
    );
    expect(leftOut).toEqual([
      { cluster: 'pament-eu', why: 'it is not known. Did you mean payments-eu?' },
      { cluster: 'x*', why: 'no known cluster is so' },
      { cluster: 'region=xx', why: 'no known cluster is so' },
      { cluster: 'payments-us', why: 'you may not onboard it' },
      {
        cluster: 'payments-ap',
        why: 'it has other approvers than payments-eu: ask for it on its own',
      },
      {
        cluster: 'billing-us',
        why: 'it has another repository than payments-eu: ask for it on its own',
      },
    ]);
  });

  it('of which nothing is left is refused with the reasons', () => {
    expect(() => selected('x*,nobody prod')).toThrow(
      /No cluster is left to onboard. x\*: no known cluster is so\. nobody/,
    );
    expect(() => selected('--all stage')).toThrow(/I do not know the stage stage/);
  });

  it.each(['a_b,c prod', 'a,--b prod', 'region= prod', '=eu prod', ',, prod', 'a,b=c=d prod'])(
    '%s is answered with what to type',
    text => {
      expect(parseCommand(`onboard ${text}`)).toMatchObject({ verb: 'usage' });
    },
  );
});
