import { explain, ServiceError } from '../../errors.ts';
import { digestOf, remaining } from '../approvals.ts';
import type { Facts } from '../facts.ts';
import { type People, resolvePeople } from '../people.ts';
import { defineStep, type StepContext, withdrawn } from '../step.ts';

type Sent = NonNullable<Facts['invites']>['sent'][number];

/** Everybody who was approved, whom no approver left out and who is still to be invited has an invite. */
export const invites = defineStep({
  fact: 'invites',
  needs: ['organization', 'environment', 'invitees', 'approval'],

  run: async context => {
    const { approval, organization, environment } = context.facts;
    if (approval.verdict !== 'approved') return { sent: [], failed: [], dropped: [] };

    const now = await resolvePeople(context.request, organization.id, context.read, 'as-of-now');
    const approved = new Set(approval.addresses);
    const covered = {
      // A rollout asks before its clusters have organizations, so by the names.
      organization: context.request.within ? organization.name : organization.id,
      environment: context.request.within ? environment.name : environment.id,
      addresses: approval.addresses,
    };
    const gained = now.people.some(({ address }) => !approved.has(address));
    if (gained || digestOf(covered) !== approval.digest) return withdrawn('invitees', 'approval');

    const wanted = new Set([...now.people.map(({ address }) => address), ...alreadyThere(now)]);
    const agreed = remaining(approval);
    const { sent, failed } = await inviteAll(
      context,
      agreed.filter(address => wanted.has(address)),
      now,
    );
    return { sent, failed, dropped: agreed.filter(address => !wanted.has(address)) };
  },
});

const alreadyThere = ({ invites, members }: People): string[] => [
  ...invites.map(({ email }) => email.toLowerCase()),
  ...members.map(email => email.toLowerCase()),
];

/** An address that is not accepted does not stop the others; whatever else fails is thrown once all were tried, and the step with it. */
async function inviteAll(
  context: StepContext<'organization'>,
  addresses: readonly string[],
  known: People,
): Promise<{ sent: Sent[]; failed: { address: string; reason: string }[] }> {
  const outcomes = await Promise.allSettled(addresses.map(address => inviteOne(context, address, known)));
  const sent: Sent[] = [];
  const failed: { address: string; reason: string }[] = [];
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome.status === 'fulfilled') sent.push(outcome.value);
    else {
      if (!isAboutAddress(outcome.reason)) throw outcome.reason;
      const { code, text } = explain(outcome.reason);
      failed.push({ address: addresses[index] ?? code, reason: text });
    }
  }
  return { sent, failed };
}

/** Anything else would befall every address alike, or leaves open whether the invite was made. */
const isAboutAddress = (error: unknown): boolean =>
  error instanceof ServiceError && (error.status === 400 || error.status === 422);

function inviteOne(
  { facts, effect }: StepContext<'organization'>,
  address: string,
  known: People,
): Promise<Sent> {
  return effect<Sent>(`invite ${address}`, {
    thing: { kind: 'invite', name: address },
    async find() {
      const invite = known.invites.find(({ email }) => email.toLowerCase() === address);
      if (invite !== undefined) return { address, id: invite.id, status: invite.status };
      const member = known.members.some(email => email.toLowerCase() === address);
      return member ? { address, id: 'member', status: 'ACCEPTED' } : undefined;
    },
    async create({ otterize }) {
      const { id, status } = await otterize.createInvite(facts.organization.id, address);
      return { address, id, status };
    },
  });
}
