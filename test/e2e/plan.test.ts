import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { newestThread, onboard } from '../../src/sandbox/story.ts';
import { type Lane, openLane } from '../faults/lane.ts';
import { redisAvailable } from '../support/redis.ts';
import { dumpOf } from '../support/redis-dump.ts';

// The product in real processes, over the stand-ins' own log of calls: a plan reads all systems and writes nothing.

const clusters = ['fresh', 'half', 'whole', 'taken', 'closed', 'refused', 'silent'];
const callMs = 6_000;

const lanes = [{ store: 'embedded' as const }, { store: 'redis' as const }];

/** The lines that stand below a heading, and all below them. */
const under = (plan: string, heading: string): string => plan.split(`${heading}\n`)[1] ?? '';

describe.each(lanes)('a plan on the $store store', ({ store }) => {
  describe.skipIf(store === 'redis' && !redisAvailable)('of real processes', () => {
    let lane: Lane;
    beforeAll(async () => {
      lane = await openLane({ store, clusters, callMs });
      await lane.start();
    });
    afterAll(() => lane.close());

    /** All that a person would see changed anywhere. */
    async function everything(): Promise<string> {
      const { otterize, vault, github } = lane.sandbox;
      const repository = github.repository('harbour/clusters');
      const branches = await Promise.all(clusters.map(cluster => repository.head(`holt/${cluster}-prod`)));
      return JSON.stringify([
        otterize.state,
        [...vault.vaults.values()].map(({ secrets }) => [...secrets]),
        repository.pulls,
        branches,
      ]);
    }

    /** What the requester is told; throws when anything was changed by it. */
    async function planned(cluster: string, more = ''): Promise<string> {
      const { slack, requester, channel } = lane.sandbox;
      const [from, before] = [Date.now(), await everything()];
      const heard = slack.ephemerals(requester).length;
      const asked = await slack.command(requester, channel, '/otterize', `plan ${cluster} prod ${more}`);
      expect(asked.ephemerals.map(each => slack.renderText(each)).join()).toMatch(/^Reading what onboarding/);
      const plan = await vi.waitFor(
        () => {
          const told = slack.ephemerals(requester).slice(heard);
          const text = told
            .map(each => slack.renderText(each))
            .find(each => each.startsWith('What onboarding'));
          expect(text).toBeDefined();
          return text ?? '';
        },
        { timeout: 60_000, interval: 50 },
      );
      const written = lane.sandbox
        .calls()
        .filter(({ at, mutating, service }) => at >= from && mutating && service !== 'Slack')
        // Whether a secret may be written, Key Vault only tells by refusing to change one that is not there.
        .filter(({ operation, status }) => !(operation === 'updateSecret' && (status ?? 0) >= 400));
      expect(written).toEqual([]);
      expect(await everything()).toBe(before);
      return plan;
    }

    it('of a fresh world tells what would be made, for whom, and how the repository would change', async () => {
      const plan = await planned('fresh');
      expect(plan).toMatch(
        new RegExp(
          [
            'Would be made',
            '• the organization fresh-prod',
            '• the environment prod',
            '• the integration fresh-prod',
            '• the secret otterize-cloud-client-secret in kv-fresh-prod',
            '• the secret otterize-cloud-client-id in kv-fresh-prod',
            '• the commit on the branch holt/fresh-prod of harbour/clusters',
            '• the pull request “Onboard fresh \\(prod\\) to Otterize” in harbour/clusters',
            'People',
            '2 people would be invited, once it is approved:',
          ].join('\n'),
        ),
      );
      expect(plan).toContain('external-secret.yaml (new)\n```\n+apiVersion: external-secrets.io/v1');
      expect(plan).not.toMatch(/In the way|Could not be read|Cannot be told/);
    });

    it('of a half-made world tells what is there and what is in the way', async () => {
      const { vault } = lane.sandbox;
      const { rights } = vault.vault('kv-half-prod');
      lane.sandbox.vault.faults.push({ operation: 'setSecret', times: 1, kind: 'answer', status: 403 });
      await onboard(lane.sandbox, 'half', 'prod');
      // The story is over at the failure; the invites are still to come.
      const root = () => lane.sandbox.slack.renderText(newestThread(lane.sandbox)[0] ?? { text: '' });
      await vi.waitFor(() => expect(root()).toMatch(/Failed/), 20_000);
      const plan = await planned('half');
      expect(under(plan, 'Is there already')).toMatch(
        /^• the organization half-prod\n• the environment prod\n• the integration half-prod/,
      );
      expect(under(plan, 'Would be made')).toMatch(/^• the secret .*-secret in .*\n• the secret .*-id in /);
      rights.set = false;
      expect(under(await planned('half'), 'In the way')).toMatch(/^• Preparation: .*kv-half-prod/);
      rights.set = true;
    });

    it('of a finished world tells that nothing would be changed', async () => {
      await onboard(lane.sandbox, 'whole', 'prod');
      const plan = await planned('whole');
      expect(plan).toMatch(/Everything is in place\. Nothing would be changed\./);
      expect(plan).toMatch(/The pull request .* is open\./);
      expect(plan).toMatch(/Nobody would be invited/);
      expect(plan).toMatch(/already invited/);
    });

    it('tells what of it somebody else has, and what people have decided', async () => {
      lane.sandbox.vault.put('kv-taken-prod', 'otterize-cloud-client-id', 'theirs', { cluster: 'other' });
      const taken = await planned('taken');
      expect(under(taken, 'In the way')).toMatch(
        /^• the secret otterize-cloud-client-id .* belongs to other/,
      );
      expect(taken).not.toContain('theirs');
      expect(under(taken, 'Would be made')).toContain('the organization taken-prod');

      await onboard(lane.sandbox, 'closed', 'prod');
      const repository = lane.sandbox.github.repository('harbour/clusters');
      const { number = 0 } = repository.pulls.find(({ head }) => head === 'holt/closed-prod') ?? {};
      await repository.close(number);
      expect(under(await planned('closed'), 'In the way')).toMatch(
        new RegExp(`^• Pull request: Somebody closed the pull request #${number}`),
      );
      await repository.commitAs('mallory', 'holt/closed-prod', { 'a.txt': 'a' });
      expect(under(await planned('closed'), 'In the way')).toMatch(/^• Pull request: The branch has commits/);
    });

    /** What of a plan each system is asked for, in the words of the message; all but the first are told all the same. */
    const systems = {
      Otterize: {
        operations: ['listOrganizations'],
        lost: 'the organization',
        told: ['Anna', 'values.yaml'],
      },
      Entra: {
        operations: ['listUsers', 'getUser'],
        lost: 'People to invite',
        told: ['the organization', 'values.yaml'],
      },
      'Key Vault': {
        operations: ['getSecret'],
        lost: 'Credentials',
        told: ['the organization', 'values.yaml', 'Anna'],
      },
      GitHub: {
        operations: [],
        lost: 'Pull request',
        told: ['the organization', 'the secret', 'Anna'],
      },
    } as const;

    // What is silent costs its time, so it is silent on one of the stores.
    it.each(store === 'redis' ? (['refused'] as const) : (['refused', 'silent'] as const))(
      'tells what it can where one system is %s',
      async cluster => {
        const { otterize, entra, vault, github } = lane.sandbox;
        const of = { Otterize: otterize, Entra: entra, 'Key Vault': vault, GitHub: github };
        for (const [name, { operations, lost, told }] of Object.entries(systems)) {
          const { faults } = of[name as keyof typeof of];
          const how = cluster === 'refused' ? { kind: 'answer', status: 403 } : { kind: 'hang' };
          const each = operations.length === 0 ? [{}] : operations.map(operation => ({ operation }));
          faults.push(...each.map(which => ({ ...which, ...how }) as (typeof faults)[number]));
          // Somebody about whom nobody has asked a moment ago: such answers of the directory are shared.
          const plan = await planned(cluster, `invite ${cluster}-${name.charAt(0)}@harbour.example`);
          faults.length = 0;
          const obstacles = under(plan, 'Could not be read') + under(plan, 'In the way');
          const missed = [`• ${lost}`, name].filter(words => !obstacles.includes(words));
          expect({ name, missed, untold: told.filter(words => !plan.includes(words)) }).toEqual({
            name,
            missed: [],
            untold: [],
          });
        }
      },
      240_000,
    );

    it('leaves no run, and no secret', async () => {
      const { otterize } = lane.sandbox;
      const secrets = otterize.state.integrations.map(({ credentials }) => credentials.clientSecret);
      expect(secrets.length).toBeGreaterThan(0);
      const kept = lane.redis === undefined ? '' : JSON.stringify(await dumpOf(lane.redis.url));
      const said = JSON.stringify(lane.sandbox.slack.ephemerals(lane.sandbox.requester));
      for (const secret of secrets) expect(`${kept}${said}${lane.stdout()}`).not.toContain(secret);
      const { records, close } = await lane.records();
      const recent = await records.recent(100);
      await close();
      const onboarded = recent.map(run => (run === 'newer' ? run : run.request.target.cluster));
      expect(new Set(onboarded)).toEqual(new Set(['half', 'whole', 'closed']));
    });
  });
});
