import type { Fault } from './fault.ts';
import { directory, keyVault, token } from './table/azure.ts';
import { gitHub } from './table/github.ts';
import { cli, otterize } from './table/otterize.ts';
import { redis } from './table/redis.ts';
import { slack } from './table/slack.ts';

/** Every fault that there is, each with the end that a run must come to. */
export const faults: readonly Fault[] = [
  ...otterize,
  ...cli,
  ...keyVault,
  ...directory,
  ...token,
  ...gitHub,
  ...slack,
  ...redis,
];
