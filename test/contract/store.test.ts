import * as fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Store } from '../../src/onboarding/store.ts';
import { createStoreModel, entry, mark, type StoreBackend, storeBackends } from '../support/stores.ts';

/** Appends to the list in run-1's document, again when somebody was faster. */
async function addWord(store: Store, word: string): Promise<void> {
  for (;;) {
    const now = JSON.parse((await store.load('run-1')) ?? '') as { revision: number; words: string[] };
    const next = { revision: now.revision + 1, words: [...now.words, word] };
    const document = JSON.stringify(next);
    const outcome = await store.swap(entry({ revision: next.revision, document }), String(next.revision));
    if (outcome === 'swapped') return;
  }
}

describe.each(storeBackends)('the $name store', ({ start, skip }) => {
  describe.skipIf(skip)('keeps documents', () => {
    let backend: StoreBackend;
    let store: Store;
    beforeAll(async () => {
      backend = await start();
    });
    beforeEach(async () => {
      [store] = (await backend.callers(1)) as [Store];
    });
    afterEach(() => backend.clear());
    afterAll(() => backend.stop());

    it('keeps what is inserted', async () => {
      expect(await store.insert(entry({ document: '{"a":1}' }), 'line')).toBe('run-1');
      expect(await store.load('run-1')).toBe('{"a":1}');
      expect(await store.history('run-1')).toEqual(['line']);
      expect(await store.load('run-2')).toBeUndefined();
      expect(await store.history('run-2')).toEqual([]);
    });

    it('answers the live run that holds the subject, and stores nothing of the other one', async () => {
      await store.insert(entry(), 'line');
      expect(await store.insert(entry({ id: 'run-2' }), 'line')).toBe('run-1');
      expect(await store.load('run-2')).toBeUndefined();
      expect(await store.history('run-2')).toEqual([]);
      expect(await store.due(5000)).toEqual(['run-1']);
      expect(await store.behind()).toEqual(['run-1']);
      expect(await store.recent(9)).toEqual(['run-1']);
      expect(await store.latest('harbour-payments')).toBe('run-1');
    });

    it('lets one of many win the same subject', async () => {
      const callers = await backend.callers(8);
      const winners = await Promise.all(
        callers.map((caller, index) => caller.insert(entry({ id: `run-${index}` }), 'line')),
      );
      expect(new Set(winners).size).toBe(1);
      expect(await store.recent(9)).toEqual([winners[0]]);
    });

    it('leaves a run as it is when its id is inserted again, live or ended', async () => {
      await store.insert(entry({ document: '"first"' }), 'line');
      expect(await store.insert(entry({ document: '"again"' }), 'again')).toBe('run-1');
      await store.swap(entry({ revision: 2, due: null, document: '"ended"' }), 'ended');
      expect(await store.insert(entry({ document: '"again"', subject: 'another' }), 'again')).toBe('run-1');
      expect(await store.load('run-1')).toBe('"ended"');
      expect(await store.history('run-1')).toEqual(['line', 'ended']);
      expect(await store.latest('another')).toBeUndefined();
    });

    it('swaps a document only for the next revision', async () => {
      await store.insert(entry(), 'line 1');
      expect(await store.swap(entry({ revision: 2, document: '2' }), 'line 2')).toBe('swapped');
      expect(await store.swap(entry({ revision: 2, document: 'late' }), 'late')).toBe('stale');
      expect(await store.swap(entry({ revision: 4, document: 'early' }), 'early')).toBe('stale');
      expect(await store.swap(entry({ id: 'run-9', revision: 1 }), 'unknown')).toBe('stale');
      expect(await store.load('run-1')).toBe('2');
      expect(await store.history('run-1')).toEqual(['line 1', 'line 2']);
      expect(await store.load('run-9')).toBeUndefined();
    });

    it('loses nothing when eight callers write to one document', async () => {
      const callers = await backend.callers(8);
      await store.insert(entry({ document: JSON.stringify({ revision: 1, words: [] }) }), '1');
      const words = Array.from({ length: 20 }, (_, index) => `word ${index}`);
      await Promise.all(
        callers.map(async (caller, index) => {
          for (const word of words) await addWord(caller, `${index} ${word}`);
        }),
      );
      const { words: kept } = JSON.parse((await store.load('run-1')) ?? '') as { words: string[] };
      expect(new Set(kept)).toEqual(
        new Set(callers.flatMap((_, index) => words.map(word => `${index} ${word}`))),
      );
      expect(await store.history('run-1')).toEqual(
        Array.from({ length: 161 }, (_, index) => String(index + 1)),
      );
    });

    it('frees the subject when a run ends, and holds it again when the run comes back', async () => {
      await store.insert(entry(), 'line');
      await store.swap(entry({ revision: 2, due: null }), 'ended');
      expect(await store.due(5000)).toEqual([]);
      expect(await store.swap(entry({ revision: 3 }), 'retried')).toBe('swapped');
      expect(await store.insert(entry({ id: 'run-2' }), 'line')).toBe('run-1');
      expect(await store.due(5000)).toEqual(['run-1']);
    });

    it('does not bring a run back while another one holds the subject', async () => {
      await store.insert(entry(), 'line');
      await store.swap(entry({ revision: 2, due: null }), 'ended');
      expect(await store.insert(entry({ id: 'run-2' }), 'line')).toBe('run-2');
      expect(await store.swap(entry({ revision: 3 }), 'retried')).toBe('held');
      expect(await store.swap(entry({ revision: 9 }), 'retried')).toBe('stale');
      expect(await store.history('run-1')).toEqual(['line', 'ended']);
    });

    it('does not free the subject of another run when an ended run changes', async () => {
      await store.insert(entry(), 'line');
      await store.swap(entry({ revision: 2, due: null }), 'ended');
      await store.insert(entry({ id: 'run-2' }), 'line');
      expect(await store.swap(entry({ revision: 3, due: null }), 'noted')).toBe('swapped');
      expect(await store.insert(entry({ id: 'run-3' }), 'line')).toBe('run-2');
    });

    it('lists what is due, longest overdue first', async () => {
      const dues = [300, 100, 2 ** 53 - 1, 200, 100];
      for (const [index, due] of dues.entries())
        await store.insert(entry({ id: `run-${index}`, subject: `subject-${index}`, due }), 'line');
      expect(await store.due(99)).toEqual([]);
      expect(await store.due(200)).toEqual(['run-1', 'run-4', 'run-3']);
      expect(await store.due(2 ** 53 - 1)).toEqual(['run-1', 'run-4', 'run-3', 'run-0', 'run-2']);
      await store.swap(entry({ id: 'run-1', subject: 'subject-1', revision: 2, due: 400 }), 'later');
      expect(await store.due(400)).toEqual(['run-4', 'run-3', 'run-0', 'run-1']);
    });

    it('knows the newest runs, of a subject and of all', async () => {
      expect(await store.latest('harbour-payments')).toBeUndefined();
      for (const id of ['run-1', 'run-2', 'run-3']) {
        await store.insert(entry({ id }), 'line');
        await store.swap(entry({ id, revision: 2, due: null }), 'ended');
      }
      await store.insert(entry({ id: 'run-4', subject: 'another' }), 'line');
      await store.swap(entry({ id: 'run-1', revision: 3 }), 'retried');
      expect(await store.latest('harbour-payments')).toBe('run-3');
      expect(await store.recent(3)).toEqual(['run-4', 'run-3', 'run-2']);
      expect(await store.recent(9)).toHaveLength(4);
    });

    it('keeps a roll of the runs within a run, and shows them in its thread alone', async () => {
      const within = { run: 'run-1', member: 'payments-eu', line: '{"state":"queued"}' };
      const member = entry({ id: 'run-2', subject: 'payments', within });
      await store.insert(member, 'line');
      expect(await store.roll('run-1')).toEqual({ 'payments-eu': '{"state":"queued"}' });
      expect(await store.behind()).toEqual([]);
      expect(await store.recent(9)).toEqual([]);
      expect(await store.latest('payments')).toBe('run-2');
      await store.insert(entry(), 'line');
      expect(await store.insert(entry(), 'again')).toBe('run-1');
      await store.setMark('run-1', mark());
      expect(await store.behind()).toEqual([]);
      const line = '{"state":"done"}';
      await store.swap({ ...member, revision: 2, due: null, within: { ...within, line } }, 'done');
      expect(await store.roll('run-1')).toEqual({ 'payments-eu': line });
      expect(await store.behind()).toEqual(['run-1']);
      expect((await store.mark('run-1'))?.shows).toBe(0);
      await store.setMark('run-1', mark({ version: 2 }));
      expect(await store.behind()).toEqual([]);
      expect(await store.roll('run-2')).toEqual({});
    });

    it('loads several documents in the order in which they are asked for', async () => {
      await store.insert(entry({ document: '1' }), 'line');
      await store.insert(entry({ id: 'run-2', subject: 'other', document: '2' }), 'line');
      expect(await store.loadAll(['run-2', 'run-9', 'run-1'])).toEqual(['2', undefined, '1']);
      expect(await store.loadAll([])).toEqual([]);
    });

    it('keeps notes', async () => {
      expect(await store.notes.read('catalogue')).toBeUndefined();
      await store.notes.write('catalogue', 'one');
      await store.notes.write('catalogue', 'two');
      expect(await store.notes.read('catalogue')).toBe('two');
    });

    it('forgets a note once its time is over, and no other', async () => {
      await store.notes.write('kept', 'one');
      await store.notes.write('brief', 'two', 300);
      await store.notes.write('long', 'three', 600_000);
      await vi.waitFor(async () => expect(await store.notes.read('brief')).toBeUndefined(), 5_000);
      await store.notes.write('brief', 'four');
      expect(await Promise.all(['kept', 'brief', 'long'].map(store.notes.read))).toEqual([
        'one',
        'four',
        'three',
      ]);
    });

    it('tells which threads are behind', async () => {
      await store.insert(entry(), 'line');
      await store.insert(entry({ id: 'run-2', subject: 'another' }), 'line');
      expect((await store.behind()).toSorted()).toEqual(['run-1', 'run-2']);
      await store.setMark('run-1', mark());
      expect(await store.behind()).toEqual(['run-2']);
      await store.swap(entry({ revision: 2 }), 'line');
      expect((await store.behind()).toSorted()).toEqual(['run-1', 'run-2']);
      await store.setMark('run-1', mark({ version: 2, shows: 1 }));
      expect((await store.behind()).toSorted()).toEqual(['run-1', 'run-2']);
      await store.setMark('run-1', mark({ version: 3, shows: 2 }));
      expect(await store.behind()).toEqual(['run-2']);
    });

    it('keeps a mark only over the version before it', async () => {
      await store.insert(entry(), 'line');
      expect(await store.mark('run-1')).toBeUndefined();
      expect(await store.setMark('run-1', mark({ version: 2 }))).toBe(false);
      expect(await store.setMark('run-1', mark({ document: '"one"' }))).toBe(true);
      expect(await store.setMark('run-1', mark({ document: '"late"' }))).toBe(false);
      expect(await store.setMark('run-1', mark({ version: 2, shows: 7, document: '"two"' }))).toBe(true);
      expect(await store.mark('run-1')).toEqual({ version: 2, shows: 7, document: '"two"' });
      expect(await store.setMark('run-9', mark())).toBe(false);
      expect(await store.mark('run-9')).toBeUndefined();
    });

    it('lets one of many write the next mark, and leaves the document alone', async () => {
      const callers = await backend.callers(8);
      await store.insert(entry({ document: '"run"' }), 'line');
      const won = await Promise.all(
        callers.map((caller, index) => caller.setMark('run-1', mark({ document: `${index}` }))),
      );
      expect(won.filter(Boolean)).toHaveLength(1);
      expect((await store.mark('run-1'))?.document).toBe(`${won.indexOf(true)}`);
      expect(await store.load('run-1')).toBe('"run"');
    });

    it('gives an id to one of 32 claimers, who may claim it again', async () => {
      const callers = (await backend.callers(8)).flatMap(caller => [caller, caller, caller, caller]);
      const won = await Promise.all(
        callers.map(({ claims }, index) => claims.claim('made', 'org_1', `run-${index}`)),
      );
      expect(won.filter(Boolean)).toHaveLength(1);
      const winner = `run-${won.indexOf(true)}`;
      expect(await store.claims.claim('made', 'org_1', winner)).toBe(true);
      expect(await store.claims.claim('made', 'org_1', 'run-x')).toBe(false);
      expect(await store.claims.holders('made')).toEqual({ org_1: winner });
    });

    it('keeps pools of claims apart, and forgets a claim that is released', async () => {
      const { claims } = store;
      await claims.claim('made', 'org_1', 'run-1');
      expect(await claims.claim('wanted', 'org_1', 'run-2')).toBe(true);
      await claims.release('made', 'org_1');
      await claims.release('made', 'org_9');
      expect(await claims.holders('made')).toEqual({});
      expect(await claims.holders('wanted')).toEqual({ org_1: 'run-2' });
      expect(await claims.claim('made', 'org_1', 'run-3')).toBe(true);
    });

    it.each([
      ['an empty list', '[]'],
      ['an empty object', '{}'],
      ['null', 'null'],
      ['false', 'false'],
      ['the largest whole number', `{"n":${2 ** 53 - 1}}`],
      ['a line separator', JSON.stringify({ text: 'a\u2028b' })],
      ['an emoji and a zero', JSON.stringify({ text: '🦦\u0000' })],
      ['nothing', ''],
      ['a hundred kilobytes', JSON.stringify({ text: 'ö'.repeat(50_000) })],
    ])('hands back %s as it was given', async (_what, document) => {
      await store.insert(entry({ document }), document);
      await store.setMark('run-1', mark({ document }));
      expect(await store.load('run-1')).toBe(document);
      expect((await store.mark('run-1'))?.document).toBe(document);
      expect(await store.history('run-1')).toEqual([document]);
    });

    it('admits no more than so many of a key, over all callers, and forgets them after their time', async () => {
      const callers = await backend.callers(8);
      const limit = { most: 3, withinMs: 60_000 };
      const admitted = await Promise.all(
        callers.flatMap(caller => [caller, caller].map(each => each.admit('anna', limit))),
      );
      expect(admitted.filter(Boolean)).toHaveLength(3);
      expect(await store.admit('ben', limit)).toBe(true);
      expect(await store.admit('short', { most: 1, withinMs: 1 })).toBe(true);
      await expect.poll(() => store.admit('short', { most: 1, withinMs: 1 })).toBe(true);
    });

    it('has a clock', async () => {
      const before = Date.now();
      const now = await store.now();
      expect(Number.isInteger(now)).toBe(true);
      expect(now).toBeGreaterThanOrEqual(before - 1);
      expect(now).toBeLessThanOrEqual(Date.now() + 1);
    });

    it('is ready', async () => {
      expect(await store.check()).toEqual([]);
    });

    it('does what a plain model does, whatever happens in whatever order', async () => {
      const id = fc.constantFrom('run-1', 'run-2', 'run-3');
      const due = fc.constantFrom(null, 10, 20);
      const action = fc.oneof(
        fc.record({ kind: fc.constant('insert' as const), id, due }),
        fc.record({ kind: fc.constant('swap' as const), id, due, ahead: fc.constantFrom(0, 1, 1, 1) }),
        fc.record({
          kind: fc.constant('mark' as const),
          id,
          ahead: fc.constantFrom(0, 1, 1),
          shows: fc.nat(4),
        }),
      );
      const property = fc.asyncProperty(fc.array(action, { maxLength: 25 }), async actions => {
        await backend.clear();
        const [fresh] = (await backend.callers(1)) as [Store];
        const model = createStoreModel();
        for (const each of actions) {
          const { answer, at } = model.act(each);
          const acted = {
            insert: () => fresh.insert(entry({ ...each, document: 'new' }), '1'),
            swap: () => fresh.swap(entry({ ...each, ...at }), 'line'),
            mark: () => fresh.setMark(each.id, mark({ ...each, ...at })),
          };
          expect(await acted[each.kind]()).toBe(answer);
        }
        expect({
          due: await fresh.due(15),
          behind: (await fresh.behind()).toSorted(),
          recent: await fresh.recent(9),
          latest: await fresh.latest('harbour-payments'),
        }).toEqual(model.lists());
      });
      await fc.assert(property, { numRuns: 60 });
    });
  });
});
