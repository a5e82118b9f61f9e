import { execa } from 'execa';
import { describe, expect, it } from 'vitest';

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

  it('refuses a cluster that is not known, with a suggestion', async () => {
    const { stderr, exitCode } = await demo('--once', '--cluster', 'payment-eu');
    expect(exitCode).toBe(78);
    expect(stderr).toContain('Did you mean payments-eu?');
  });
});
