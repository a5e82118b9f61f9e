import { describe, expect, it } from 'vitest';
import { exhibits } from '../../src/sandbox/gallery.ts';
import { answerScenes, samples } from '../../src/sandbox/gallery-answers.ts';
import { threadScenes } from '../../src/sandbox/gallery-threads.ts';
import { viewScenes } from '../../src/sandbox/gallery-views.ts';
import { actionIds, callbackIds } from '../../src/slack/claims.ts';
import * as answers from '../../src/slack/words/answers.ts';
import { informing } from '../../src/slack/words/help.ts';

const shown = JSON.stringify([threadScenes(), answerScenes(), viewScenes()]);

/** The names of all that depends on something. */
const depending = Object.entries({ ...answers, informing }).flatMap(([group, members]) =>
  typeof members === 'object'
    ? Object.entries(members).flatMap(([name, value]) =>
        typeof value === 'function' ? [`${group}.${name}`] : [],
      )
    : [],
);

describe('the gallery', () => {
  it('shows nothing that Slack would refuse', () => {
    const refused = exhibits(() => undefined).flatMap(({ when, what, problems }) =>
      problems.map(problem => `${when}, ${what}: ${problem}`),
    );
    expect(refused).toEqual([]);
  });

  it.each(depending)('has an example of the answer %s', name => {
    expect(Object.keys(samples).map(each => each.split(',')[0])).toContain(name);
  });

  it.each(actionIds)('shows the button %s', id => {
    expect(shown).toContain(`"action_id":"${id}"`);
  });

  it.each(callbackIds)('shows the modal %s', id => {
    expect(shown).toContain(`"callback_id":"${id}"`);
  });

  it('draws whatever it shows', () => {
    const drawn = exhibits(() => undefined).map(each => (each.drawn as string).valueOf());
    expect(drawn.filter(each => each === '' || each.includes('not drawn'))).toEqual([]);
  });
});
