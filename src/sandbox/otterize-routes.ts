import { z } from 'zod';
import { type Api, find, inside, matches, Name, refuse, remove, unique, type Visit } from './otterize-api.ts';
import { addOrganization, type OtterizeState } from './otterize-cloud.ts';
import { type Environment, newEnvironment, newInvite } from './otterize-records.ts';

const Label = z.object({ key: z.string().min(1), value: z.string().optional() });
const Labels = z.array(Label);
// [SRC] The command line checks addresses with a pattern that allows non-ASCII, `+` and `'`.
const Email = z.string().regex(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, 'email: failed to pass regex validation');

const ofVisit = (visit: Visit) => (each: { organization: { id: string } }) =>
  each.organization.id === visit.organization;

const environmentView = (environment: Environment) => ({
  ...environment,
  organizationId: undefined,
  appliedIntentsCount: 0,
  namespaces: [],
  serviceCount: 0,
});

export function addOrganizationRoutes({ rest }: Api, state: OtterizeState): void {
  const mine = (visit: Visit) => {
    const user = visit.person();
    return state.organizations.filter(({ id }) =>
      state.members.some(each => each.organizationId === id && each.userId === user.id),
    );
  };
  const one = (visit: Visit) => find(mine(visit), visit.param('id'));

  // [SRC] Whether a new organization is listed at once is unknown [?].
  rest('GET', '/organizations', 'listOrganizations', visit =>
    mine(visit).filter(({ id }) => (state.unlisted.get(id) ?? 0) <= Date.now()),
  );
  // [SRC] Accepts a name that the command line never sends. Nothing deletes an organization.
  rest('POST', '/organizations', 'createOrganization', async visit => {
    const { name } = await visit.body(z.object({ name: Name.optional() }));
    const organization = addOrganization(state, visit.person(), name);
    state.unlisted.set(organization.id, Date.now() + state.listLagMs);
    return organization;
  });
  rest('GET', '/organizations/:id', 'getOrganization', one);
  rest('PATCH', '/organizations/:id', 'updateOrganization', async visit => {
    const change = await visit.body(z.object({ name: Name.optional(), imageURL: z.string().optional() }));
    return Object.assign(one(visit), change);
  });
  rest('DELETE', '/organizations/:id/users/:user', 'removeUser', visit => {
    const organization = one(visit).id;
    const at = state.members.findIndex(
      each => each.organizationId === organization && each.userId === visit.param('user'),
    );
    if (at < 0) refuse(404, `${visit.param('user')} not found`);
    state.members.splice(at, 1);
    return visit.param('user');
  });
}

export function addEnvironmentRoutes({ rest }: Api, state: OtterizeState): void {
  const own = (visit: Visit) => state.environments.filter(inside(visit));
  const one = (visit: Visit) => find(state.environments, visit.param('id'), inside(visit));

  // [SRC] Filters by name, and by labels as one JSON array.
  rest('GET', '/environments', 'listEnvironments', visit => {
    const labels = Labels.parse(JSON.parse(visit.query('labels') ?? '[]'));
    return own(visit)
      .filter(each => matches(visit.query('name'), each.name))
      .filter(each =>
        labels.every(({ key, value }) =>
          each.labels.some(label => label.key === key && label.value === value),
        ),
      )
      .map(environmentView);
  });
  rest('POST', '/environments', 'createEnvironment', async visit => {
    const { name, labels } = await visit.body(z.object({ name: Name, labels: Labels.default([]) }));
    unique(
      state,
      own(visit).some(each => each.name === name),
      name,
    );
    const environment = newEnvironment(visit.organization, name, labels);
    state.environments.push(environment);
    return environmentView(environment);
  });
  rest('GET', '/environments/:id', 'getEnvironment', visit => environmentView(one(visit)));
  rest('PATCH', '/environments/:id', 'updateEnvironment', async visit => {
    const change = await visit.body(z.object({ name: Name.optional(), labels: Labels.optional() }));
    return environmentView(Object.assign(one(visit), change));
  });
  // [DOC] An environment that an integration reports to by default cannot be deleted.
  rest('DELETE', '/environments/:id', 'deleteEnvironment', visit => {
    const environment = one(visit);
    const used = state.integrations.some(each => each.defaultEnvironment?.id === environment.id);
    return used ? refuse(409, `${environment.id} is in use`) : remove(state.environments, environment);
  });
  // [DOC] Adding a label replaces the one of the same key.
  rest('POST', '/environments/:id/labels', 'addLabel', async visit => {
    const { label } = await visit.body(z.object({ label: Label }));
    const environment = one(visit);
    environment.labels = [...environment.labels.filter(each => each.key !== label.key), label];
    return environmentView(environment);
  });
  rest('DELETE', '/environments/:id/labels/:key', 'removeLabel', visit => {
    const environment = one(visit);
    environment.labels = environment.labels.filter(each => each.key !== visit.param('key'));
    return environmentView(environment);
  });
}

export function addInviteRoutes({ rest }: Api, state: OtterizeState): void {
  const one = (visit: Visit) => find(state.invites, visit.param('id'), ofVisit(visit));

  // [SRC] The filters exist in REST only; the command line sends none.
  rest('GET', '/invites', 'listInvites', visit =>
    state.invites
      .filter(ofVisit(visit))
      .filter(each => matches(visit.query('email'), each.email))
      .filter(each => matches(visit.query('status'), each.status)),
  );
  // [DOC] Sends no mail. Addresses keep their case [SRC]; that they are compared without it is an assumption [?].
  rest('POST', '/invites', 'createInvite', async visit => {
    const { email } = await visit.body(z.object({ email: Email }));
    const same = (each: { email: string }) => each.email.toLowerCase() === email.toLowerCase();
    unique(state, state.invites.filter(ofVisit(visit)).some(same), email);
    const invite = newInvite(visit.organization, visit.person().id, email);
    state.invites.push(invite);
    return invite;
  });
  rest('GET', '/invites/:id', 'getInvite', one);
  rest('DELETE', '/invites/:id', 'deleteInvite', visit => remove(state.invites, one(visit)));
  // [SRC] Accepting is about the caller, whichever organization the header names.
  rest('PATCH', '/invites/:id', 'acceptInvite', visit => {
    const user = visit.person();
    const invite = find(state.invites, visit.param('id'), each => each.email === user.email);
    Object.assign(invite, { status: 'ACCEPTED', acceptedAt: new Date().toISOString() });
    state.members.push({ organizationId: invite.organization.id, userId: user.id, role: 'ADMIN' });
    return invite;
  });
}

export function addUserRoutes({ rest, open }: Api, state: OtterizeState): void {
  const members = (visit: Visit) =>
    state.members
      .filter(inside(visit))
      .flatMap(({ userId }) => state.users.filter(each => each.id === userId));

  // [SRC] The members of the selected organization.
  rest('GET', '/users', 'listUsers', members);
  rest('GET', '/users/:id', 'getUser', visit => find(members(visit), visit.param('id')));
  open('GET', '/ping', 'ping', () => true);
  open('GET', '/me', 'me', caller => {
    const who = caller();
    if (!('user' in who)) return refuse(403, 'Forbidden');
    return {
      user: who.user,
      userOrganizations: state.members.filter(each => each.userId === who.user.id),
      invites: state.invites.filter(each => each.email === who.user.email && each.status === 'PENDING'),
    };
  });
}
