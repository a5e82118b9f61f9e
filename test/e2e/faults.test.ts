import { execa } from 'execa';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { type Cell, cellsOf, endOf, fits, momentsOf } from '../faults/cells.ts';
import type { Happen } from '../faults/fault.ts';
import { faultPoints, suffer } from '../faults/faulting.ts';
import type { Point } from '../faults/points.ts';
import { faults } from '../faults/table.ts';
import { redisAvailable } from '../support/redis.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

/** Somebody whom nobody approved is invited. */
const invited: Happen = async (act, { lane, cluster }) => {
  const { state } = lane.sandbox.otterize;
  const { organization } = lane.target(cluster).names;
  const { id = '' } = state.organizations.find(({ name }) => name === organization) ?? {};
  const rest = { inviter: { id: 'usr_eve' }, status: 'PENDING', created: '' } as const;
  state.invites.push({ id: 'inv_eve', email: 'eve@evil.example', organization: { id }, ...rest });
  return await act.apply();
};

/** Somebody says a token in the channel. */
const leaking: Happen = async (act, { lane: { sandbox } }) => {
  await sandbox.slack.say(sandbox.requester, sandbox.channel, sandbox.environment['OTTERIZE_TOKEN'] ?? '');
  return await act.apply();
};

describe.skipIf(!redisAvailable)('the table of faults', () => {
  let points: Point[];

  beforeAll(async () => {
    points = await faultPoints();
  });

  const cellAt = (name: string, operation: string): Cell => {
    const cell = cellsOf(points).find(
      ({ fault, point }) => fault.name === name && point.operation === operation,
    );
    if (cell === undefined) throw new Error(`no cell ${name} at ${operation}`);
    return cell;
  };

  it('has a cell for every fault at every operation that it fits, each with a number of its own', () => {
    const cells = cellsOf(points);
    const moments = momentsOf(points);
    const operations = new Set(points.map(({ service, operation }) => `${service} ${operation}`));
    expect(new Set(moments.map(({ service, operation }) => `${service} ${operation}`))).toEqual(operations);
    for (const fault of faults) {
      const wanted = moments.filter(point => fits(fault, point));
      expect(wanted).not.toEqual([]);
      expect(cells.filter(cell => cell.fault === fault).map(({ point }) => point)).toEqual(wanted);
    }
    expect(new Set(faults.map(({ service }) => service))).toEqual(
      new Set(['Otterize', 'CLI', 'Key Vault', 'Entra', 'GitHub', 'Slack', 'Redis']),
    );
    expect(faults.length).toBeGreaterThanOrEqual(60);
    expect(cells.length).toBeGreaterThanOrEqual(250);
    expect(cells.map(({ number }) => number)).toEqual(cells.map((_, index) => index + 1));
  });

  it('sees what ends otherwise than declared, what harms the world, and what leaks', async () => {
    const harmless = cellAt('400', 'createEnvironment');
    const planted = (happen: Happen): Cell => ({
      ...harmless,
      fault: { ...harmless.fault, end: 'recovered', happen },
    });
    const { violations } = await suffer({
      cells: [
        { ...harmless, fault: { ...harmless.fault, end: 'waiting' } },
        planted(invited),
        planted(leaking),
      ],
      lanes: 1,
      seed: 3,
    });
    const seen = violations.map(({ invariant }) => invariant);
    expect(seen).toEqual([
      'it ends as declared: waiting',
      'each approved address is invited once',
      'no secret where it may not be',
    ]);
    expect(violations[0]).toMatchObject({ mode: '400', point: harmless.number, seed: 3 });
  });

  it('finds nothing at one fault of each kind of end', async () => {
    const cells = [
      cellAt('killed after', 'environments create'),
      cellAt('429', 'listPulls'),
      cellAt('422', 'createInvite'),
      cellAt('403', 'createRef'),
      cellAt('is_archived', 'chat.postMessage'),
      cellAt('is down', 'recorded organization'),
    ];
    expect(new Set(cells.map(endOf))).toEqual(new Set(['waiting', 'told', 'failed', 'recovered']));
    expect(await suffer({ cells, lanes: 2 })).toMatchObject({ points: 6, violations: [] });
  });
});

it.each(['faults', 'sweep'])('%s says what to install where there is no Redis', async script => {
  const { exitCode, stderr } = await execa(process.execPath, [`test/faults/${script}.ts`], {
    env: { PATH: '/nowhere' },
    extendEnv: false,
    reject: false,
  });
  expect([exitCode, stderr]).toEqual([
    78,
    'This needs a Redis of its own: install redis-server, version 7 or newer.',
  ]);
});
