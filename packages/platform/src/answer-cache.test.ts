import { type CompanyId, newId } from '@souk/domain/kernel/ids';
import { pino } from 'pino';
import { describe, expect, test, vi } from 'vitest';
import { AnswerCache, type MadeAnswer } from './answer-cache.ts';
import { readyText } from './http/cacheable.ts';
import { SharedAnswers } from './shared-answers.ts';

const companyId = newId('com');
const name = (asked = 'a', version = 1, of: CompanyId = companyId) => ({ companyId: of, version, asked });
const made = (text: string, goodForMs = 1_000): MadeAnswer => ({ answer: readyText(text), goodForMs });
const textOf = (answer: { body: Buffer } | undefined) => answer?.body.toString();

test('an answer is made once for a version, and anew for the next', async () => {
  const cache = new AnswerCache({ bytesMax: 1_000_000 });
  const make = vi.fn(async () => made('one'));
  const both = await Promise.all([cache.get(name(), make), cache.get(name(), make)]);
  expect([both.map(textOf), textOf(cache.peek(name())), make.mock.calls.length]).toEqual([['one', 'one'], 'one', 1]);
  expect(cache.peek(name('a', 2))).toBeUndefined();
  expect(textOf(await cache.get(name('a', 2), async () => made('two')))).toBe('two');
  expect(textOf(cache.peek(name('a', 2)))).toBe('two');
});

test('two companies that ask the same have two answers', async () => {
  const cache = new AnswerCache({ bytesMax: 1_000_000 });
  await cache.get(name(), async () => made('mine'));
  expect(cache.peek(name('a', 1, newId('com')))).toBeUndefined();
});

test('an answer ends when its time is over, counted from before it was made', async () => {
  let now = 0;
  const cache = new AnswerCache({ bytesMax: 1_000_000, now: () => now });
  await cache.get(name(), async () => {
    now += 400;
    return made('slow', 1_000);
  });
  now = 999;
  expect(textOf(cache.peek(name()))).toBe('slow');
  now = 1_000;
  expect(cache.peek(name())).toBeUndefined();
});

test('what a slow reader of an old version made does not push out the present one', async () => {
  const cache = new AnswerCache({ bytesMax: 1_000_000 });
  let finish: (value: MadeAnswer) => void = () => undefined;
  const slow = cache.get(
    name('a', 1),
    () =>
      new Promise((resolve) => {
        finish = resolve;
      }),
  );
  await cache.get(name('a', 2), async () => made('new'));
  finish(made('old'));
  expect(textOf(await slow)).toBe('old');
  expect(textOf(cache.peek(name('a', 2)))).toBe('new');
});

test('a failure reaches all who wait and is not kept', async () => {
  const cache = new AnswerCache({ bytesMax: 1_000_000 });
  const failing = () => Promise.reject(new Error('no'));
  const both = await Promise.allSettled([cache.get(name(), failing), cache.get(name(), failing)]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(textOf(await cache.get(name(), async () => made('yes')))).toBe('yes');
});

test('it never holds more bytes than it may, and lets go of what was used longest ago', async () => {
  const cache = new AnswerCache({ bytesMax: 10_000 });
  for (let at = 0; at < 100; at++) {
    await cache.get(name(`n${at}`), async () => made('x'.repeat(700)));
    cache.peek(name('n0'));
    expect(cache.size.bytes).toBeLessThanOrEqual(10_000);
  }
  expect(cache.peek(name('n0'))).toBeDefined();
  expect(cache.peek(name('n50'))).toBeUndefined();
  await cache.get(name('huge'), async () => made('x'.repeat(5_000)));
  expect(cache.peek(name('huge'))).toBeUndefined();
  for (let at = 0; at < 50; at++) await cache.get(name('n0', 2 + at), async () => made('x'.repeat(700)));
  expect(cache.size.bytes).toBeLessThanOrEqual(10_000);
});

describe('between processes', () => {
  const replies = (redis: Partial<Record<'exec' | 'set', () => Promise<unknown>>>) => {
    const pipeline = { getBuffer: () => pipeline, pttl: () => pipeline, exec: redis.exec };
    return { status: 'ready', pipeline: () => pipeline, set: redis.set ?? (async () => 'OK') } as never;
  };
  const log = pino({ level: 'silent' });

  test('a Redis that fails or hangs costs a moment once, and every answer is made here', async () => {
    for (const exec of [() => Promise.reject(new Error('gone')), () => new Promise<never>(() => undefined)]) {
      const asked = vi.fn(exec);
      const shared = new SharedAnswers(replies({ exec: asked, set: () => Promise.reject(new Error('gone')) }), log);
      const cache = new AnswerCache({ bytesMax: 1_000_000, shared });
      for (let at = 0; at < 5; at++)
        expect(textOf(await cache.get(name(`n${at}`), async () => made('here')))).toBe('here');
      expect(asked).toHaveBeenCalledTimes(1);
    }
  });

  test('what another process made is used for as long as it has left', async () => {
    let now = 0;
    const exec = async () => [
      [null, Buffer.from('"etag"\n\n{"from":"there"}')],
      [null, 300],
    ];
    const cache = new AnswerCache({
      bytesMax: 1_000_000,
      shared: new SharedAnswers(replies({ exec }), log),
      now: () => now,
    });
    const make = vi.fn(async () => made('here'));
    const answer = await cache.get(name(), make);
    expect([textOf(answer), answer.etag, make.mock.calls.length]).toEqual(['{"from":"there"}', '"etag"', 0]);
    now = 300;
    expect(cache.peek(name())).toBeUndefined();
  });
});
