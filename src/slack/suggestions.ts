import type { BlockSuggestion } from '@slack/bolt';
import type { PlainTextOption } from '@slack/types';
import { targetName } from '../onboarding/command.ts';
import { knownClusters, rightsAt } from '../onboarding/fleet.ts';
import { rightToRequest } from '../onboarding/policy.ts';
import { plain } from './blocks.ts';
import type { Outcome } from './commands.ts';
import type { Asking, Desk } from './desk.ts';

/** Slack takes no more options at once. */
const most = 100;

/** A search in a field as Slack delivers it. */
export const askingOf = ({ user, team, channel }: BlockSuggestion): Asking => ({
  entry: 'suggest',
  user: user.id,
  team: user.team_id ?? team?.id ?? '',
  channel: channel?.id ?? '',
});

export interface Suggestion extends Outcome {
  options?: PlainTextOption[];
}

/** What a field of the form offers for what was typed into it. */
export const suggestion = (
  desk: Pick<Desk, 'fleet' | 'people'>,
  { user }: Asking,
  { block_id, value }: Pick<BlockSuggestion, 'block_id' | 'value'>,
): Suggestion => ({
  options: suggested(desk, user, block_id, value).map(name => ({ text: plain(name), value: name })),
});

/** The names for a field of the form that contain what was typed: only of what this person may onboard now. */
function suggested(
  { fleet, people }: Pick<Desk, 'fleet' | 'people'>,
  user: string,
  field: string,
  typed: string,
): string[] {
  const sought = typed.trim().toLowerCase();
  const stages = Object.keys(fleet.stages);
  const clusters =
    fleet.clusters === 'any' ? [sought].filter(name => targetName.test(name)) : knownClusters(fleet);
  const may = (cluster: string, stage: string): boolean =>
    rightToRequest(rightsAt(fleet, cluster, stage), user, people) === 'granted';
  if (field === 'cluster')
    return firstOf(matching(clusters, sought), cluster => stages.some(stage => may(cluster, stage)));
  if (field !== 'stage') return [];
  // Where every name may be onboarded, one that nobody uses stands for all.
  const some = fleet.clusters === 'any' ? ['some-cluster'] : clusters;
  return firstOf(matching(stages, sought), stage => some.some(cluster => may(cluster, stage)));
}

/** Those that begin so come first. */
function matching(names: readonly string[], sought: string): string[] {
  const found = names.filter(name => name.includes(sought));
  return [
    ...found.filter(name => name.startsWith(sought)),
    ...found.filter(name => !name.startsWith(sought)),
  ];
}

/** No more are looked at than it takes. */
function firstOf(names: readonly string[], may: (name: string) => boolean): string[] {
  const found: string[] = [];
  for (const name of names) {
    if (found.length === most) break;
    if (may(name)) found.push(name);
  }
  return found;
}
