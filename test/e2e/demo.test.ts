import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { describe, expect, it, onTestFinished, vi } from 'vitest';

const demo = (...words: string[]) =>
  execa(process.execPath, ['src/demo.ts', ...words], {
    reject: false,
    extendEnv: false,
    env: { PATH: process.env['PATH'] ?? '' },
  });

describe('npm run demo', () => {
  it('tells one onboarding from the command to the link and exits with 0', async () => {
    const { stdout, exitCode } = await demo('--once');
    expect(exitCode).toBe(0);
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(
      /^onboarded payments-eu prod: pull request http:\/\/\S+\/pull\/1$/,
    );
    expect(stdout).toContain('otterize-cloud-client-secret: 1 version');
    expect(stdout).toContain('+  ');
  });

  it('prints one JSON document as its last line, of another target on request', async () => {
    const { stdout, exitCode } = await demo('--once', '--json', '--cluster', 'billing-eu', '--stage', 'dev');
    expect(exitCode).toBe(0);
    const report = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>;
    expect(report).toMatchObject({
      run: { status: 'done', facts: { organization: { name: 'billing-eu-dev' } } },
      pullRequest: {
        title: expect.stringContaining('billing-eu'),
        files: expect.arrayContaining([{ path: expect.any(String), patch: expect.any(String) }]),
      },
      vault: expect.arrayContaining([{ name: 'otterize-cloud-client-id', versions: 1 }]),
      invites: [{ email: 'anna.meyer@harbour.example', status: 'PENDING' }],
    });
    expect(Object.keys(report)).toEqual([
      'run',
      'steps',
      'thread',
      'pullRequest',
      'vault',
      'invites',
      'calls',
      'wallMs',
    ]);
  });

  it('stays up, names its page first and then the stand-ins, and puts everything away on Ctrl-C', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holt-demo-'));
    const child = spawn(process.execPath, ['src/demo.ts'], {
      // A group of its own: Ctrl-C in a terminal goes to all processes of the group.
      detached: true,
      env: { PATH: process.env['PATH'] ?? '', TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const group = -(child.pid ?? 0);
    onTestFinished(() => void spawnSync('kill', ['-9', '--', String(group)]));
    const lines: string[] = [];
    const output = createInterface({ input: child.stdout });
    output.on('line', line => lines.push(line));
    const ended = once(child, 'exit');
    await vi.waitFor(() => expect(lines.join('\n')).toContain('/readyz'), 30_000);
    const page = /^Open (http:\/\/127\.0\.0\.1:\d+) in a browser\. Press Ctrl-C to stop\.$/.exec(
      lines[0] ?? '',
    )?.[1];
    const watching = await fetch(`${page}/live`);
    expect(watching.headers.get('content-type')).toBe('text/event-stream');
    onTestFinished(() => watching.body?.cancel().catch(() => undefined));
    for (const name of ['Slack', 'Otterize', 'Entra', 'Key Vault', 'GitHub', 'Holt'])
      expect(lines.join('\n')).toMatch(
        new RegExp(`^${name} +https?://(127\\.0\\.0\\.1|localhost):\\d+`, 'm'),
      );
    process.kill(group, 'SIGINT');
    expect(await ended).toEqual([0, null]);
    expect(lines.at(-1)).toBe('stopped');
    expect(() => process.kill(group, 0)).toThrow('ESRCH');
    expect(await readdir(folder)).toEqual([]);
    await rm(folder, { recursive: true });
  });

  it('tells a fleet as its message goes on, and exits with 0', async () => {
    const { stdout, exitCode } = await demo('--once', '--clusters', '3');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('selects 3 clusters');
    expect(stdout).toContain('3 of 3 done');
    expect(stdout).toMatch(/The pull request for 3 clusters/);
  });

  it('refuses a number of clusters that is none', async () => {
    const { stderr, exitCode } = await demo('--once', '--clusters', 'many');
    expect([exitCode, stderr]).toEqual([
      78,
      expect.stringContaining('--clusters is a number from 2 to 1000.'),
    ]);
  });

  it('refuses a cluster that is not known, with a suggestion', async () => {
    const { stderr, exitCode } = await demo('--once', '--cluster', 'payment-eu');
    expect(exitCode).toBe(78);
    expect(stderr).toContain('Did you mean payments-eu?');
  });
});
