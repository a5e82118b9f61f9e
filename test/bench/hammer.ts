import { Agent, request as open } from 'node:http';
import { signed } from '../../src/sandbox/slack-requests.ts';

// A process of its own, so that what it costs to ask is not taken for the time of an answer.

/** What is to be asked of the bot. Until so much has been asked or so much time has passed, so many at a time. */
export interface Job {
  url: string;
  secret: string;
  team: string;
  channel: string;
  /** Who may start onboardings; others ask how it stands. */
  people: readonly string[];
  /** The first cluster that nobody has asked for, by its number. */
  firstCluster: number;
  inFlight: number;
  count?: number;
  forMs?: number;
}

export interface Struck {
  /** Milliseconds from the request to the whole answer, each. */
  ms: number[];
  /** Answers that say no: 503, or words that ask to try again. */
  refused: number;
  /** Answers that are neither. */
  broken: number;
  /** What the last of those got instead. */
  last: string;
  /** The first cluster that nobody has asked for now. */
  nextCluster: number;
}

/** Slack's people have eight things at once answered; a place beyond that belongs to somebody else. */
const atOnceEach = 8;

async function strike(job: Job): Promise<Struck> {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  const struck: Struck = { ms: [], refused: 0, broken: 0, last: '', nextCluster: job.firstCluster };
  const until = performance.now() + (job.forMs ?? Number.POSITIVE_INFINITY);
  let asked = 0;
  const goesOn = (): boolean => asked < (job.count ?? Number.POSITIVE_INFINITY) && performance.now() < until;

  const work = async (place: number): Promise<void> => {
    while (goesOn()) {
      asked += 1;
      const starts = place < job.people.length * atOnceEach;
      const user = starts ? (job.people[place % job.people.length] ?? '') : `U0READS${place}`;
      const text = starts ? `onboard c${struck.nextCluster++} prod` : 'status c1 prod';
      const body = bodyOf(job, user, text, `${process.pid}.${asked}`);
      const began = performance.now();
      const answer = await send(job, agent, body);
      struck.ms.push(performance.now() - began);
      if (answer.status === 503 || /did not answer|Try again/i.test(answer.text)) struck.refused += 1;
      else if (answer.status !== 200) {
        struck.broken += 1;
        struck.last = answer.status === 0 ? answer.text : `status ${answer.status}`;
      }
    }
  };
  await Promise.all(Array.from({ length: job.inFlight }, (_, place) => work(place)));
  agent.destroy();
  return struck;
}

const bodyOf = ({ team, channel }: Job, user: string, text: string, trigger: string): string =>
  new URLSearchParams({
    team_id: team,
    user_id: user,
    channel_id: channel,
    command: '/otterize',
    text,
    trigger_id: trigger,
    response_url: 'http://127.0.0.1:9/none',
  }).toString();

function send({ url, secret }: Job, agent: Agent, body: string): Promise<{ status: number; text: string }> {
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    ...signed(secret, body, Math.floor(Date.now() / 1000)),
  };
  return new Promise(resolve => {
    const request = open(url, { method: 'POST', agent, headers }, response => {
      let text = '';
      response.setEncoding('utf8').on('data', chunk => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', () => resolve({ status: 0, text }));
    });
    request.on('error', ({ message }) => resolve({ status: 0, text: message })).end(body);
  });
}

process.on('message', (job: Job) => {
  strike(job).then(
    struck => process.send?.(struck),
    error => {
      throw error;
    },
  );
});
