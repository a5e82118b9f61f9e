import type { InputBlock, ModalView, PlainTextOption } from '@slack/types';
import { z } from 'zod';
import { actions, button, context, input, plain, section } from './blocks.ts';
import type { ActionId, CallbackId, FormClaim, PreviewClaim } from './claims.ts';
import { words } from './markup.ts';
import type { Answer } from './words/answers.ts';
import { choosing, form } from './words/form.ts';

const short = z.string().min(1).max(75);

/** What somebody has chosen in the form so far. */
export const Chosen = z.strictObject({
  cluster: short.optional(),
  stage: short.optional(),
  people: z.array(short).max(30).default([]),
  channel: short.optional(),
});
export type Chosen = z.infer<typeof Chosen>;

/** More would not fit into what the preview carries. */
const mostPeople = 30;

const option = (value: string): PlainTextOption => ({ text: plain(value), value });

type Element = InputBlock['element'];

/** A field whose choice is told at once, so that it is not lost when the form is closed. */
function field(
  id: keyof Chosen,
  { label, hint }: { label: string; hint?: string },
  element: Element,
  optional?: true,
): InputBlock {
  const block = input({ id, label, ...(hint && { hint }), ...(optional && { optional }) }, element);
  return {
    ...block,
    dispatch_action: true,
    element: { ...block.element, action_id: 'chosen' satisfies ActionId },
  };
}

const external = (placeholder: string, chosen: string | undefined): Element => ({
  type: 'external_select',
  placeholder: plain(placeholder),
  min_query_length: 0,
  ...(chosen !== undefined && { initial_option: option(chosen) }),
});

/** Opens the form where Slack gave nothing to open one with. */
export const offer: Answer = {
  ...choosing.offer,
  blocks: [
    section({ markup: choosing.offer.text }),
    actions([button({ action: 'new', value: '{}', style: 'primary', ...choosing.button })]),
  ],
};

/** Asks what to onboard. Without a channel in the claim it asks for one too. */
export function formView({ cluster, stage, people, channel }: Chosen, claim: FormClaim): ModalView {
  const fields = [
    field('cluster', form.cluster, external(form.cluster.placeholder, cluster)),
    field('stage', form.stage, external(form.stage.placeholder, stage)),
    field(
      'people',
      form.people,
      {
        type: 'multi_users_select',
        placeholder: plain(form.people.placeholder),
        max_selected_items: mostPeople,
        ...(people.length > 0 && { initial_users: people }),
      },
      true,
    ),
  ];
  const where = field('channel', form.channel, {
    type: 'conversations_select',
    placeholder: plain(form.channel.placeholder),
    filter: { include: ['public', 'private'], exclude_external_shared_channels: true },
    ...(channel !== undefined && { initial_conversation: channel }),
  });
  return {
    type: 'modal',
    callback_id: 'onboard-form' satisfies CallbackId,
    private_metadata: JSON.stringify(claim),
    title: plain(form.title),
    submit: plain(form.next),
    close: plain(form.close),
    blocks: [...fields, ...(claim.channel === undefined ? [where] : []), context(words(form.kept))],
  };
}

/** Shows what would be made, and asks whether to start it. */
export const previewView = ({ text }: Answer, claim: PreviewClaim): ModalView => ({
  type: 'modal',
  callback_id: 'onboard-start' satisfies CallbackId,
  private_metadata: JSON.stringify(claim),
  title: plain(form.title),
  submit: plain(form.start),
  close: plain(form.back),
  blocks: [section({ markup: text })],
});
