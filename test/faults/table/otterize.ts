import type { Moment } from '../cells.ts';
import {
  applied,
  type Body,
  broken,
  cut,
  type End,
  type Fault,
  type Happen,
  hang,
  statuses,
  unseen,
} from '../fault.ts';
import { answerOf, endedOf } from '../program.ts';

const body: Body = status => ({ errors: [{ message: `status ${status}` }] });

/** An address that Otterize does not take keeps nobody else from being invited. */
const refused = ({ operation }: Moment): End => (operation === 'createInvite' ? 'told' : 'failed');

/** What the cloud answers; the program ends with 1 and the status in its last line. */
export const otterize: Fault[] = [
  ...statuses('Otterize', body, {
    400: refused,
    401: 'failed',
    403: 'failed',
    404: 'failed',
    408: unseen,
    409: 'recovered',
    422: refused,
    429: 'recovered',
    500: unseen,
    502: unseen,
    503: unseen,
    504: unseen,
  }),
  ...broken('Otterize', body, unseen),
];

const changes = /create|update|delete/;
const retried = ({ operation }: Moment): End => (changes.test(operation) ? 'waiting' : 'recovered');

/** Done, and told otherwise than it was. */
const misprinted =
  (change: (stdout: string) => string, code = 0): Happen =>
  async act => {
    const ended = await endedOf(await act.apply());
    return answerOf({ ...ended, code, stdout: change(ended.stdout) });
  };

/** Where something stands that can be damaged; the other lists are empty then. */
const withIds = /^organizations|create/;

const program: Record<string, readonly [Fault['end'], Happen, RegExp?]> = {
  'killed before': [retried, cut],
  'killed after': [retried, applied(cut)],
  'hangs before': [retried, hang],
  'hangs after': [retried, applied(hang)],
  'exit 1': ['failed', async () => answerOf({ code: 1, stderr: 'Error: otters\n', stdout: '' })],
  'exit 1 although done': ['failed', misprinted(stdout => stdout, 1)],
  'a notice before JSON': [
    ({ operation }) => (operation === 'version' ? 'recovered' : 'failed'),
    misprinted(stdout => `A new version is available.\n${stdout}`),
  ],
  'half of it': ['failed', misprinted(stdout => stdout.slice(0, stdout.length / 2))],
  nothing: ['failed', misprinted(() => '')],
  'an empty id': ['failed', misprinted(stdout => stdout.replaceAll(/"id": "[^"]*"/g, '"id": ""')), withIds],
  'damaged text': [
    'failed',
    misprinted(stdout => stdout.replaceAll(/"id": "([^"]*)"/g, '"id": "$1%!s(MISSING)"')),
    withIds,
  ],
  'ten megabytes': ['failed', misprinted(stdout => stdout + ' '.repeat(10_000_000))],
  'something else': ['failed', misprinted(() => 'otter otter otter')],
};

/** What the program itself does wrong. */
export const cli: Fault[] = Object.entries(program).map(([name, [end, happen, fits = /^/]]) => ({
  service: 'CLI',
  name,
  end,
  happen,
  fits,
}));
