import type { Call, StandIn } from '../../src/sandbox/kit.ts';
import type { Moment } from './cells.ts';
import type { Lane } from './lane.ts';

type Around = NonNullable<StandIn['hooks']['around']>;
type Act = Parameters<Around>[1];

/**
 * How a run ends that one fault happens to. `recovered`: it goes on by itself. `waiting`: it goes on by itself after a while,
 * and the thread says why and until when. `failed`: it stops, says why and what to do, and goes on with Retry. `told`: it
 * is done but for one thing, which the thread names with its cause, and typing the command again makes up for it.
 * Whichever it is, the world is then as after an undisturbed run.
 */
export type End = 'recovered' | 'waiting' | 'failed' | 'told';

/** The run that it happens to, and what a fault may do besides answering a call. */
export interface Scene {
  lane: Lane;
  cluster: string;
  /** Answers further calls, all for which it has an answer, until it is taken away again. */
  meanwhile: ((call: Call) => Response | undefined) | undefined;
  /** Takes the cause of a failure away, as a person does before pressing Retry. */
  mend: (() => void) | undefined;
  /** Happens beside the run. The cell ends only when it has; what it throws is a violation. */
  beside(act: Promise<unknown>): void;
}

export interface Fault {
  service: string;
  name: string;
  /** The moments that it fits, as `createInvite #2` or `chat.update late`; all of the service's when left out. */
  fits?: RegExp;
  end: End | ((point: Moment) => End);
  happen(act: Act, scene: Scene): Promise<Response>;
}

export type Happen = Fault['happen'];

export const answer =
  (status: number, body: object | string, headers: Record<string, string> = {}): Happen =>
  async () =>
    new Response(typeof body === 'string' ? body : JSON.stringify(body), {
      status,
      headers: { 'content-type': 'application/json', ...headers },
    });

export const cut: Happen = async act => act.cut();
export const hang: Happen = () => new Promise(() => undefined);
export const applied =
  (then: Happen): Happen =>
  async (act, scene) => {
    await act.apply();
    return await then(act, scene);
  };

/** A change whose end nobody saw is looked for once it cannot land any more; a question is asked again. */
export const unseen = ({ mutating }: Moment): End => (mutating ? 'waiting' : 'recovered');

/** What is read ahead of its turn is read again at its turn, so that a trouble which passes is never met. */
export const passing =
  (ahead: RegExp) =>
  (fault: Fault): Fault => ({
    ...fault,
    end: point => {
      const { operation, late, nth } = point;
      if (ahead.test(`${operation} ${late ? 'late' : `#${nth}`}`)) return 'recovered';
      return typeof fault.end === 'function' ? fault.end(point) : fault.end;
    },
  });

export type Body = (status: number) => object;

/** Seconds for which a service asks to be left alone: long enough for the thread to say so. */
const pause = { 'Retry-After': '2' };

/** What a service answers with each of these statuses, having done nothing. */
export const statuses = (
  service: string,
  body: Body,
  ends: Readonly<Record<number, Fault['end']>>,
): Fault[] =>
  Object.entries(ends).map(([status, end]) => ({
    service,
    name: status,
    end,
    happen: answer(Number(status), body(Number(status)), status === '429' ? pause : {}),
  }));

/** Answers that do not come, in every way that there is. `end` is how a run ends that lost one. */
export const broken = (service: string, body: Body, end: Fault['end']): Fault[] => [
  { service, name: 'no answer, nothing done', end, happen: cut },
  { service, name: 'no answer, but done', end, happen: applied(cut) },
  { service, name: 'hangs', end, happen: hang },
  { service, name: '500, but done', end, happen: applied(answer(500, body(500))) },
];
