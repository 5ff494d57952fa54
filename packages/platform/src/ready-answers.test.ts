import { newId } from '@souk/domain/kernel/ids';
import { expect, test } from 'vitest';
import { ReadyAnswers } from './ready-answers.ts';
import { FRESH_MS } from './standing-cache.ts';

const answer = (text: string) => ({ body: Buffer.from(text), etag: `"${text}"` });

/** A cache at a time of the test's choice, and who asks it for the store. */
function given() {
  const clock = { now: 0 };
  const answers = new ReadyAnswers({ now: () => clock.now });
  const made: string[] = [];
  const ask = async (companyId: ReturnType<typeof newId<'com'>>, text: string, name = 'store') =>
    (
      await answers.of(companyId, name, async () => {
        made.push(text);
        return answer(text);
      })
    ).body.toString();
  return { clock, answers, made, ask };
}

test('an answer is made once in five seconds, for each company and each route', async () => {
  const { clock, made, ask } = given();
  const [a, b] = [newId('com'), newId('com')];
  expect([await ask(a, 'a1'), await ask(a, 'a2'), await ask(b, 'b1'), await ask(a, 'c1', 'catalogue')]).toEqual([
    'a1',
    'a1',
    'b1',
    'c1',
  ]);
  clock.now += FRESH_MS;
  expect(await ask(a, 'a3')).toBe('a3');
  expect(made).toEqual(['a1', 'b1', 'c1', 'a3']);
});

test('a drop is for one company, missed news for all', async () => {
  const { answers, ask } = given();
  const [a, b] = [newId('com'), newId('com')];
  await Promise.all([ask(a, 'a1'), ask(b, 'b1')]);
  answers.drop(a);
  expect([await ask(a, 'a2'), await ask(b, 'b2')]).toEqual(['a2', 'b1']);
  answers.clear();
  expect([await ask(a, 'a3'), await ask(b, 'b3')]).toEqual(['a3', 'b3']);
});

test('an answer that was being made while the company changed is not kept', async () => {
  const { answers, ask } = given();
  const company = newId('com');
  let arrive: (old: ReturnType<typeof answer>) => void = () => undefined;
  const early = answers.of(company, 'store', () => new Promise((resolve) => (arrive = resolve)));
  answers.drop(company);
  arrive(answer('old'));
  await early;
  expect(await ask(company, 'new')).toBe('new');
});

test('what could not be made is not remembered', async () => {
  const { answers, ask } = given();
  const company = newId('com');
  await expect(answers.of(company, 'store', () => Promise.reject(new Error('no database')))).rejects.toThrow('no data');
  expect(await ask(company, 'good')).toBe('good');
});
