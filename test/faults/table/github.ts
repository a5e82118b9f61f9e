import type { Moment } from '../cells.ts';
import {
  answer,
  applied,
  type Body,
  broken,
  type End,
  type Fault,
  passing,
  statuses,
  unseen,
} from '../fault.ts';

const service = 'GitHub';
const body: Body = status => ({ message: `status ${status}`, documentation_url: '' });

/** Trees and commits that no branch leads to are nothing that anybody can see. */
const landed = (point: Moment): End =>
  /^(createTree|createCommit)/.test(point.operation) ? 'recovered' : unseen(point);

const limit = (status: number, message: string, headers: Record<string, string>): Fault['happen'] =>
  answer(status, { message }, headers);

const exists = (message: string) =>
  answer(422, { message: 'Validation Failed', errors: [{ message, resource: 'x', code: 'custom' }] });

const passingOnes: Fault[] = [
  ...statuses(service, body, {
    400: 'failed',
    401: 'failed',
    403: 'failed',
    404: 'failed',
    408: 'recovered',
    409: 'recovered',
    422: 'failed',
    429: 'waiting',
    500: landed,
    502: landed,
    503: landed,
  }),
  ...broken(service, body, landed),
  {
    service,
    name: 'secondary limit',
    end: 'waiting',
    happen: limit(403, 'You have exceeded a secondary rate limit.', { 'Retry-After': '2' }),
  },
  {
    service,
    name: 'primary limit',
    end: 'waiting',
    happen: async (...given) => {
      const reset = Math.floor(Date.now() / 1000) + 2;
      const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': `${reset}` };
      return await limit(403, 'API rate limit exceeded.', headers)(...given);
    },
  },
  {
    service,
    name: 'the branch is there already',
    fits: /^createRef/,
    end: 'recovered',
    happen: applied(exists('Reference already exists')),
  },
  {
    service,
    name: 'the pull request is there already',
    fits: /^createPull/,
    end: 'recovered',
    happen: applied(exists('A pull request already exists for harbour:x.')),
  },
  { service, name: 'half of it', end: landed, happen: applied(answer(200, '{"ref": "refs/he')) },
  { service, name: 'another form', end: 'failed', happen: answer(200, { something: 'else' }) },
];

export const gitHub: Fault[] = [
  ...passingOnes.map(passing(/^(getTree|getBlob|listPulls|getCommit) #1$|^listRefs (#2|late)$/)),
  {
    service,
    name: 'the repository is renamed',
    end: 'failed',
    async happen(act, scene) {
      const repository = scene.lane.sandbox.github.repository('harbour/clusters');
      repository.name = 'harbour/clusters-renamed';
      scene.mend = () => {
        repository.name = 'harbour/clusters';
      };
      return await act.apply();
    },
  },
];
