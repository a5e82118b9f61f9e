// The browser's part: what the server draws is put in place as it comes, and what a person does is sent without a reload.
// Plain JavaScript, served as it stands; its types are checked all the same.

const app = /** @type {HTMLElement} */ (document.getElementById('app'));
const byId = (/** @type {string} */ id) => document.getElementById(id);

/** What the person has opened or closed stays so, whatever the server draws. */
const isOurs = (/** @type {Element} */ element, /** @type {string} */ attribute) =>
  attribute === 'open' && element.matches('details, dialog');

/**
 * Makes `old` look like `next` with as few changes as it takes, so that focus, selection and scrolling stay.
 * @param {Element} old
 * @param {Element} next
 */
function morph(old, next) {
  if (old.hasAttribute('data-keep')) return;
  for (const { name } of Array.from(old.attributes))
    if (!next.hasAttribute(name) && !isOurs(old, name)) old.removeAttribute(name);
  for (const { name, value } of next.attributes)
    if (old.getAttribute(name) !== value && !isOurs(old, name)) old.setAttribute(name, value);

  let at = old.firstChild;
  for (const wanted of Array.from(next.childNodes)) {
    const found = match(old, at, wanted);
    if (found === null) {
      old.insertBefore(wanted, at);
      continue;
    }
    if (found === at) at = at.nextSibling;
    else old.insertBefore(found, at);
    if (found instanceof Element && wanted instanceof Element) morph(found, wanted);
    else if (found.nodeValue !== wanted.nodeValue) found.nodeValue = wanted.nodeValue;
  }
  while (at !== null) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}

/**
 * The child that is to become `wanted`: the one with its id, else the one that stands there if it is alike.
 * @param {Element} parent
 * @param {ChildNode | null} at
 * @param {ChildNode} wanted
 */
function match(parent, at, wanted) {
  const id = wanted instanceof Element ? wanted.id : '';
  if (id !== '') return [...parent.children].find(each => each.id === id) ?? null;
  const isAlike = at?.nodeName === wanted.nodeName && !(at instanceof Element && at.id !== '');
  return isAlike ? at : null;
}

/** The ids around an element, the nearest first. */
function around(/** @type {Element | null} */ element) {
  const ids = [];
  for (let each = element; each !== null; each = each.parentElement) if (each.id !== '') ids.push(each.id);
  return ids;
}

/** @type {HTMLElement | null} */
let pressed = null;

/** Puts in place what the server has drawn. Whoever was at something that has gone is put where it was. */
function show(/** @type {string} */ drawn) {
  const log = byId('log');
  const atEnd = log === null || log.scrollHeight - log.scrollTop - log.clientHeight < 60;
  const focused = document.activeElement;
  const places = around(focused);
  const wasWrong = firstWrong() !== null;
  const next = document.createElement('div');
  next.id = 'app';
  next.innerHTML = drawn;
  morph(app, next);
  openModal();
  if (focused !== null && focused !== document.body && !focused.isConnected) {
    const place = places.map(byId).find(each => each !== null && each !== app);
    (pressed?.isConnected ? pressed : (place ?? byId('text')))?.focus({ preventScroll: true });
  }
  if (!wasWrong) firstWrong()?.focus();
  if (atEnd) byId('log')?.scrollTo({ top: byId('log')?.scrollHeight ?? 0 });
}

/** Where a person goes on whose modal was not taken. */
function firstWrong() {
  const field = document.querySelector('[data-wrong] :is(input:not([type=hidden]), textarea)');
  return field instanceof HTMLElement ? field : null;
}

/** Whoever is to write something can begin at once. */
function openModal() {
  const modal = document.querySelector('dialog[data-modal]');
  if (!(modal instanceof HTMLDialogElement) || modal.open) return;
  modal.showModal();
  const field = modal.querySelector('textarea, .field > input');
  if (field instanceof HTMLElement) field.focus();
}

/** Tells what did not come to be, where it is read out. */
function tell(/** @type {string} */ words) {
  const told = byId('told');
  if (told !== null) told.textContent = words;
}

/** @param {HTMLFormElement} form @param {HTMLElement | null} button */
async function send(form, button) {
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form, button))
    if (typeof value === 'string') body.append(name, value);
  tell('');
  button?.setAttribute('aria-busy', 'true');
  try {
    const answer = await fetch('/act', { method: 'POST', body, headers: { accept: 'application/json' } });
    if (!answer.ok) return tell(await answer.text());
    const { problem = '' } = await answer.json();
    tell(problem);
  } catch {
    tell('The demo does not answer. Look into the terminal in which it was started.');
  } finally {
    button?.removeAttribute('aria-busy');
  }
}

const draft = 'draft';

document.addEventListener('submit', event => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.method !== 'post') return;
  event.preventDefault();
  pressed = event.submitter ?? null;
  void send(form, event.submitter);
  if (!form.matches('.composer, .reply')) return;
  form.reset();
  if (form.id === 'composer') sessionStorage.removeItem(draft);
});

document.addEventListener('click', event => {
  const button = event.target instanceof Element ? event.target.closest('button') : null;
  if (button === null) return;
  const { insert } = button.dataset;
  const text = byId('text');
  if (insert === undefined || !(text instanceof HTMLInputElement)) return;
  text.value = insert;
  sessionStorage.setItem(draft, insert);
  text.focus();
});

document.addEventListener('input', event => {
  if (event.target instanceof HTMLInputElement && event.target.id === 'text')
    sessionStorage.setItem(draft, event.target.value);
});

/** The app says what a field offers for what is typed into it. */
async function search(/** @type {HTMLInputElement} */ field) {
  const { form, dataset, value: typed } = field;
  const offers = field.list;
  if (form === null || offers === null) return;
  const hidden = (/** @type {string} */ name) => {
    const input = form.elements.namedItem(name);
    return input instanceof HTMLInputElement ? input.value : '';
  };
  const about = { token: hidden('token'), as: hidden('as'), in: hidden('in') };
  const view = String(field.closest('dialog')?.id);
  const query = new URLSearchParams({ ...about, view, block: dataset['search'] ?? '', typed });
  const answer = await fetch(`/search?${query}`);
  // What was typed meanwhile has a search of its own.
  if (!answer.ok || field.value !== typed) return;
  offers.replaceChildren(
    ...(await answer.json()).map((/** @type {string} */ name) => new Option(name, name)),
  );
}

const searching = (/** @type {Event} */ { target }) => {
  if (target instanceof HTMLInputElement && target.dataset['search'] !== undefined) void search(target);
};
document.addEventListener('input', searching);
document.addEventListener('focusin', searching);

// What is chosen in some fields of a modal, the app hears at once.
document.addEventListener('change', ({ target }) => {
  const field = target instanceof Element ? target.closest('[data-choose]') : null;
  const form = field?.closest('form');
  if (!(field instanceof HTMLElement) || !(form instanceof HTMLFormElement)) return;
  const choice = document.createElement('button');
  Object.assign(choice, { name: 'act', value: field.dataset['choose'], hidden: true });
  form.append(choice);
  void send(form, choice);
  choice.remove();
});

// Escape closes a modal of the app's as its own button does: the app's server side knows what is open.
document.addEventListener(
  'cancel',
  event => {
    const dialog = event.target;
    if (!(dialog instanceof HTMLDialogElement) || !dialog.hasAttribute('data-modal')) return;
    event.preventDefault();
    const close = dialog.querySelector('button.closes');
    if (close instanceof HTMLButtonElement) close.click();
  },
  true,
);

const text = byId('text');
if (text instanceof HTMLInputElement) text.value = sessionStorage.getItem(draft) ?? '';
openModal();
byId('log')?.scrollTo({ top: byId('log')?.scrollHeight ?? 0 });

const live = new EventSource(`/live${location.search}`);
const lost = byId('lost');
live.addEventListener('message', ({ data }) => show(JSON.parse(data)));
live.addEventListener('open', () => {
  if (lost !== null) lost.hidden = true;
  document.documentElement.dataset['live'] = 'yes';
});
live.addEventListener('error', () => {
  if (lost !== null) lost.hidden = false;
});
