import type { ModalView } from '@slack/types';
import type { Gate, Run } from '../onboarding/run.ts';
import { input, plain, section } from './blocks.ts';
import type { CallbackId, GateClaim } from './claims.ts';
import { declining } from './words/approval.ts';

/** Where the reason is filled in. */
export const reasonBlock = 'reason';
/** In code points. */
export const mostOfReason = 300;

/** Asks whoever declines for the reason. */
export function declineView(run: Run, gate: Gate): ModalView {
  const claim: GateClaim = { run: run.id, digest: gate.digest };
  return {
    type: 'modal',
    callback_id: 'decline-because' satisfies CallbackId,
    private_metadata: JSON.stringify(claim),
    title: plain(declining.title),
    submit: plain(declining.submit),
    close: plain(declining.close),
    blocks: [
      section(declining.intro(run, gate.addresses.length)),
      input(
        { id: reasonBlock, label: declining.label, hint: declining.hint },
        { type: 'plain_text_input', multiline: true, max_length: mostOfReason },
      ),
    ],
  };
}
