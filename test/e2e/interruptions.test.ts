import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Launched } from '../../src/sandbox/launch.ts';
import { newestThread, onboard, roleOf } from '../../src/sandbox/story.ts';
import { type House, openHouse } from '../support/house.ts';

describe('the product', () => {
  let house: House;
  let holt: Launched;

  beforeAll(async () => {
    house = await openHouse();
    holt = await house.start();
  });
  afterAll(() => house.close());

  const organizationsNamed = (name: string) =>
    house.sandbox.otterize.state.organizations.filter(each => each.name === name);
  const pullsOf = (branch: string) =>
    house.sandbox.github.repository('harbour/clusters').pulls.filter(({ head }) => head === branch);

  /** Types the command and answers when the world has seen a call of this name. */
  async function typedUntil(cluster: string, operation: string): Promise<void> {
    const { slack, requester, channel, calls } = {
      ...house.sandbox,
      calls: () => house.sandbox.calls().filter(call => call.operation === operation).length,
    };
    const before = calls();
    await slack.command(requester, channel, '/otterize', `onboard ${cluster} prod`);
    await expect.poll(calls, { timeout: 20_000, interval: 5 }).toBeGreaterThan(before);
  }

  async function approvedToTheEnd(): Promise<void> {
    const { slack, channel, approver } = house.sandbox;
    const root = newestThread(house.sandbox)[0]?.ts ?? '';
    const thread = () => slack.thread(channel, root);
    // In words, so that a failure shows what the thread says instead.
    const told = () =>
      thread()
        .map(message => `${roleOf(message)}: ${slack.renderText(message)}`)
        .join('\n');
    await expect.poll(told, { timeout: 40_000 }).toMatch(/^approval-1: /m);
    const approved = async (): Promise<string> => {
      // As a person does who is told to press again.
      const open = thread().find(({ blocks }) => JSON.stringify(blocks ?? []).includes('"approve"'));
      if (open !== undefined) await slack.click(approver, { channel: open.channel, ts: open.ts }, 'approve');
      return told();
    };
    await expect.poll(approved, { timeout: 40_000, interval: 500 }).toMatch(/^ended: /m);
  }

  it('finishes what it was at when it was killed, and leaves one of everything', async () => {
    house.sandbox.otterize.latencyMs = 50;
    await typedUntil('killed', 'createIntegration');
    await holt.kill();
    holt = await house.start();
    await approvedToTheEnd();
    house.sandbox.otterize.latencyMs = 0;
    const [organization, ...more] = organizationsNamed('killed-prod');
    expect(more).toEqual([]);
    const integrations = house.sandbox.otterize.state.integrations.filter(
      each => each.organizationId === organization?.id,
    );
    expect(integrations).toHaveLength(1);
    expect(house.sandbox.vault.values('kv-killed-prod', 'otterize-cloud-client-secret')).toEqual([
      integrations[0]?.credentials.clientSecret,
    ]);
    expect(pullsOf('holt/killed-prod')).toHaveLength(1);
    expect(newestThread(house.sandbox).filter(message => roleOf(message) === 'root')).toHaveLength(1);
  });

  it('hands its runs over when it is asked to stop, and exits with 0', async () => {
    await typedUntil('handed', 'createOrganization');
    expect(await holt.stop()).toBe(0);
    holt = await house.start();
    await approvedToTheEnd();
    expect(organizationsNamed('handed-prod')).toHaveLength(1);
    expect(pullsOf('holt/handed-prod')).toHaveLength(1);
  });

  it('is told of by its health endpoints', async () => {
    expect((await fetch(`${holt.url}/healthz`)).status).toBe(200);
    const ready = await fetch(`${holt.url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready', problems: [] }]);
  });

  it('survives an answer of GitHub that got lost', async () => {
    house.sandbox.github.faults.push({ kind: 'lose', times: 1, operation: 'createPull' });
    await onboard(house.sandbox, 'late', 'prod');
    expect(pullsOf('holt/late-prod')).toHaveLength(1);
  });
});
