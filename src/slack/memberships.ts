import { setTimeout as sleep } from 'node:timers/promises';
import type { WebClient } from '@slack/web-api';
import { explain, HeldBack } from '../errors.ts';
import type { Log } from '../log.ts';
import type { People } from '../onboarding/policy.ts';
import { SlowDown } from '../onboarding/store.ts';
import { calling, SlackRefusal } from './client.ts';

export interface MembershipsOptions {
  client: WebClient;
  /** Ids of Slack user groups. */
  groups: readonly string[];
  log: Log;
}

export interface MembershipCache {
  /** As last read; nobody belongs to a group that was never read. */
  of: People['members'];
  /** Reads every group once, however long Slack takes, and again in the background from then on. */
  load(): Promise<void>;
  known(): boolean;
  close(): void;
}

/** How old a group may become. */
const refreshMs = 300_000;
/** Slack allows twenty of these calls a minute. */
const gapMs = 3_500;
const againMs = 5_000;

export function createMemberships({ client, groups, log }: MembershipsOptions): MembershipCache {
  const members = new Map<string, ReadonlySet<string>>();
  const closing = new AbortController();
  const wait = (ms: number): Promise<void> => sleep(ms, undefined, { ref: false, signal: closing.signal });

  /** Zero, or after how many milliseconds to ask again. The last good answer is kept. */
  async function read(group: string): Promise<number> {
    try {
      const answer = await calling('read a user group', client.usergroups.users.list({ usergroup: group }));
      members.set(group, new Set(answer.users));
      return 0;
    } catch (error) {
      if (error instanceof SlowDown) return error.ms;
      if (error instanceof HeldBack) return error.retryAfter;
      log.error({ group, reason: explain(error).text }, 'the members of a user group could not be read');
      if (!(error instanceof SlackRefusal)) return againMs;
      if (!members.has(group)) members.set(group, new Set());
      return 0;
    }
  }

  async function refresh(): Promise<void> {
    const gap = Math.max(gapMs, refreshMs / Math.max(1, groups.length));
    for (let index = 0; groups.length > 0; index = (index + 1) % groups.length) {
      await wait(gap);
      await wait(await read(groups[index] ?? ''));
    }
  }

  return {
    of: group => members.get(group) ?? new Set(),
    known: () => groups.every(group => members.has(group)),
    async load() {
      for (const group of groups) {
        for (let ms = await read(group); ms > 0; ms = await read(group)) await wait(ms);
      }
      // It ends only when it is aborted.
      refresh().catch(() => undefined);
    },
    close: () => closing.abort(),
  };
}
