import { createTurns } from '../../src/store/in-process-turns.ts';

const beyond = 1_000_000;

/** Environment with which the product keeps no limit that a test could meet: limits have tests of their own. */
export const unlimited: Readonly<Record<string, string>> = Object.fromEntries(
  [
    'SLACK_UPDATES_PER_MINUTE',
    'SLACK_POSTS_PER_MINUTE',
    'GRAPH_UNITS_PER_10S',
    'KEY_VAULT_WRITES_PER_10S',
    'KEY_VAULT_READS_PER_10S',
    'GITHUB_WRITES_PER_HOUR',
    'GITHUB_REQUESTS_PER_HOUR',
  ].map(name => [name, String(beyond)]),
);

export const turns = () => createTurns(() => performance.now());

/** The same for adapters and for the bot by themselves. */
export const slackUnlimited = { updatesPerMinute: beyond, postsPerMinute: beyond };
export const gitHubUnlimited = () => ({
  turns: turns(),
  limits: { writesPerHour: beyond, requestsPerHour: beyond },
});
export const vaultUnlimited = () => ({
  turns: turns(),
  limits: { writesPer10s: beyond, readsPer10s: beyond },
});
export const graphUnlimited = () => ({ turns: turns(), unitsPer10s: beyond });
