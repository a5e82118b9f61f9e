import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Call } from '../../src/sandbox/kit.ts';
import { type newestThread, onboard, roleOf } from '../../src/sandbox/story.ts';
import { type House, openHouse } from '../support/house.ts';
import { redisAvailable, startRedis } from '../support/redis.ts';
import { dumpOf } from '../support/redis-dump.ts';

if (!redisAvailable)
  console.log('no redis-server on this machine: the end-to-end tests on Redis are skipped');

/** Nobody outside Otterize knows these: each suite takes the other answer to all of them. */
const kind = { secretReadableAgain: 'shown', duplicateNames: 'conflict', listLagMs: 0 } as const;
const unkind = { secretReadableAgain: 'masked', duplicateNames: 'allowed', listLagMs: 700 } as const;

const stores = [
  { store: 'the embedded store, in one process', redis: false, unknowns: kind, entries: ['main'] as const },
  {
    store: 'Redis, bot and worker apart',
    redis: true,
    unknowns: unkind,
    entries: ['bot', 'worker'] as const,
  },
];

for (const { store, redis, unknowns, entries } of stores) {
  describe.skipIf(redis && !redisAvailable)(`an onboarding on ${store}`, () => {
    let house: House;
    let server: Awaited<ReturnType<typeof startRedis>> | undefined;

    beforeAll(async () => {
      server = redis ? await startRedis() : undefined;
      house = await openHouse(server?.url, unknowns);
      await Promise.all(entries.map(entry => house.start(entry)));
    });
    afterAll(async () => {
      await house.close();
      await server?.stop();
    });

    /** What changed somewhere since a moment, Slack aside. */
    const changesSince = (from: number): Call[] =>
      house.sandbox
        .calls()
        .filter(
          ({ at, mutating, service, status }) =>
            at >= from && mutating && (status ?? 0) < 400 && service !== 'Slack' && service !== 'Entra',
        );

    const organizationsNamed = (name: string) =>
      house.sandbox.otterize.state.organizations.filter(each => each.name === name);

    const textOf = (messages: ReturnType<typeof newestThread>): string =>
      messages.map(message => house.sandbox.slack.renderText(message)).join('\n');

    it('leaves one of everything, and the thread ends with the link', async () => {
      const { otterize, vault, github } = house.sandbox;
      const { thread } = await onboard(house.sandbox, 'whole', 'prod');
      const [organization, ...more] = organizationsNamed('whole-prod');
      expect(more).toEqual([]);
      const mine = <T extends { organizationId?: string }>(all: T[]): T[] =>
        all.filter(each => each.organizationId === organization?.id);
      expect(
        otterize.state.environments.filter(each => each.organizationId === organization?.id),
      ).toMatchObject([
        {
          name: 'prod',
          labels: expect.arrayContaining([
            { key: 'cluster', value: 'whole' },
            { key: 'env', value: 'prod' },
          ]),
        },
      ]);
      const [integration, ...others] = mine(otterize.state.integrations);
      expect(others).toEqual([]);
      expect(vault.values('kv-whole-prod', 'otterize-cloud-client-secret')).toEqual([
        integration?.credentials.clientSecret,
      ]);
      expect(vault.values('kv-whole-prod', 'otterize-cloud-client-id')).toEqual([
        integration?.credentials.clientId,
      ]);
      const invited = otterize.state.invites.filter(invite => invite.organization.id === organization?.id);
      expect(invited.map(({ email }) => email).toSorted()).toEqual([
        'anna.meyer@harbour.example',
        'ben.okafor@harbour.example',
        'carla.ruiz@harbour.example',
      ]);
      const pulls = github
        .repository('harbour/clusters')
        .pulls.filter(({ head }) => head === 'holt/whole-prod');
      expect(pulls).toHaveLength(1);
      expect(textOf(thread)).toContain(`${github.url}/harbour/clusters/pull/${pulls[0]?.number}`);
      expect(thread.filter(message => roleOf(message) === 'root')).toHaveLength(1);
    });

    it('changes nothing the second time, asks nobody, and says that everything is in place', async () => {
      await onboard(house.sandbox, 'twice', 'prod');
      const from = Date.now();
      const { thread } = await onboard(house.sandbox, 'twice', 'prod');
      expect(changesSince(from)).toEqual([]);
      expect(thread.some(message => roleOf(message).startsWith('approval'))).toBe(false);
      expect(textOf(thread)).toMatch(/everything is in place/i);
    });

    it('changes nothing once the pull request is merged', async () => {
      await onboard(house.sandbox, 'merged', 'prod');
      const repository = house.sandbox.github.repository('harbour/clusters');
      const pull = repository.pulls.find(({ head }) => head === 'holt/merged-prod');
      await repository.merge(pull?.number ?? 0);
      const from = Date.now();
      const { thread } = await onboard(house.sandbox, 'merged', 'prod');
      expect(changesSince(from)).toEqual([]);
      expect(textOf(thread)).toMatch(/everything is in place/i);
      expect(repository.pulls.filter(({ head }) => head === 'holt/merged-prod')).toHaveLength(1);
    });

    it('goes without invites when they are declined, and says so', async () => {
      const { thread } = await onboard(house.sandbox, 'declined', 'prod', { verdict: 'decline' });
      const [organization] = organizationsNamed('declined-prod');
      const invited = house.sandbox.otterize.state.invites.filter(
        invite => invite.organization.id === organization?.id,
      );
      expect(invited).toEqual([]);
      expect(textOf(thread)).toMatch(/declined/i);
      expect(
        house.sandbox.github
          .repository('harbour/clusters')
          .pulls.some(({ head }) => head === 'holt/declined-prod'),
      ).toBe(true);
    });

    it('asks nobody when there is nobody to invite', async () => {
      const { thread } = await onboard(house.sandbox, 'nobody', 'prod');
      expect(thread.some(message => roleOf(message).startsWith('approval'))).toBe(false);
    });

    it('writes the client id into the values where the configuration says so', async () => {
      await onboard(house.sandbox, 'literal', 'prod');
      const values = (await house.sandbox.github.repository('harbour/clusters').files('holt/literal-prod'))[
        'cluster/literal/prod/security/otterize/values.yaml'
      ];
      const [clientId] = house.sandbox.vault.values('kv-literal-prod', 'otterize-cloud-client-id');
      expect(values).toContain(`clientId: ${clientId}`);
    });

    it('lays a cluster out as an Argo CD Application, and finds it in place once it is merged', async () => {
      const repository = house.sandbox.github.repository('harbour/clusters');
      const first = await onboard(house.sandbox, 'argo', 'prod');
      const pull = repository.pulls.find(({ head }) => head === 'holt/argo-prod');
      expect((await repository.diff(pull?.number ?? 0)).map(({ path }) => path).toSorted()).toEqual([
        'applications/otterize-argo-prod.yaml',
        'cluster/argo/prod/security/otterize/external-secret.yaml',
        'cluster/argo/prod/security/otterize/values.yaml',
      ]);
      expect(pull?.body).toContain('Application otterize-argo-prod');
      expect(textOf(first.thread)).toContain('3 files');
      await repository.merge(pull?.number ?? 0);
      const from = Date.now();
      const { thread } = await onboard(house.sandbox, 'argo', 'prod');
      expect(changesSince(from)).toEqual([]);
      expect(textOf(thread)).toMatch(/everything is in place/i);
    });

    it('leaves the chart to the repository that has it', async () => {
      const { github } = house.sandbox;
      await onboard(house.sandbox, 'catalogued', 'prod');
      const repository = github.repository('harbour/clusters');
      const pull = repository.pulls.find(({ head }) => head === 'holt/catalogued-prod');
      expect((await repository.diff(pull?.number ?? 0)).map(({ path }) => path).toSorted()).toEqual([
        'cluster/catalogued/prod/security/otterize/external-secret.yaml',
        'cluster/catalogued/prod/security/otterize/values.yaml',
      ]);
      expect(github.repository('harbour/catalogue').pulls).toEqual([]);
    });

    it('makes nothing while the vault refuses, says what to do, and goes on with Retry', async () => {
      const { slack, vault, requester, channel } = house.sandbox;
      const { rights } = vault.vault('kv-forbidden-prod');
      rights.set = false;
      const from = Date.now();
      const { thread } = await onboard(house.sandbox, 'forbidden', 'prod');
      expect(changesSince(from).filter(({ service }) => service === 'Otterize')).toEqual([]);
      expect(textOf(thread)).toContain('kv-forbidden-prod');
      rights.set = true;
      const failure = thread.find(message => roleOf(message).startsWith('failure'));
      await slack.click(requester, { channel: failure?.channel ?? '', ts: failure?.ts ?? '' }, 'retry');
      const root = thread[0];
      await expect
        .poll(() => slack.thread(channel, root?.ts ?? '').map(roleOf), { timeout: 30_000 })
        .toContain('approval-1');
      expect(organizationsNamed('forbidden-prod')).toHaveLength(1);
    });

    it('keeps the secret out of everything but the vault', async () => {
      const { slack, vault, github, channel, folder } = house.sandbox;
      await onboard(house.sandbox, 'secrets', 'prod');
      const [secret = 'none'] = vault.values('kv-secrets-prod', 'otterize-cloud-client-secret');
      const files = await github.repository('harbour/clusters').files('holt/secrets-prod');
      const places = {
        log: house.output(),
        slack: JSON.stringify(slack.messages(channel)),
        git: JSON.stringify([files, github.repository('harbour/clusters').pulls]),
        files: readdirSync(folder)
          .map(file => readFileSync(join(folder, file), 'latin1'))
          .join('\n'),
        redis: server === undefined ? '' : await dumpOf(server.url),
      };
      for (const form of [secret, Buffer.from(secret).toString('base64'), encodeURIComponent(secret)]) {
        for (const [place, text] of Object.entries(places))
          expect([place, text.includes(form)]).toEqual([place, false]);
      }
      expect(places.slack).toContain('secrets-prod');
    });
  });
}
