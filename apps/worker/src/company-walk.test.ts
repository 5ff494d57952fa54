import { type CompanyId, newId } from '@souk/domain/kernel/ids';
import { expect, test } from 'vitest';
import { CompanyWalk } from './company-walk.ts';

const ids = Array.from({ length: 7 }, () => newId('com')).toSorted();
const [a, b, c, d, e, f, g] = ids as [CompanyId, CompanyId, CompanyId, CompanyId, CompanyId, CompanyId, CompanyId];

/** Walks through those that wait at the time; the test changes who does. */
function walkThrough(limit: number, waiting: CompanyId[]) {
  let now = waiting;
  const look = async (max: number, after: CompanyId | undefined) =>
    now.filter((id) => after === undefined || id > after).slice(0, max);
  return {
    walk: new CompanyWalk(limit, look),
    wait: (others: CompanyId[]) => {
      now = others;
    },
  };
}

test('every company has its turn, however many there are, and then it begins anew', async () => {
  const { walk } = walkThrough(3, [a, b, c, d, e, f, g]);
  expect(await walk.next()).toEqual([a, b, c]);
  expect(await walk.next()).toEqual([d, e, f]);
  expect(await walk.next()).toEqual([g, a, b]);
  expect(await walk.next()).toEqual([c, d, e]);
});

test('where a stretch holds all of them, each comes once a round', async () => {
  const { walk, wait } = walkThrough(3, [a, b, c, d]);
  await walk.next();
  expect(await walk.next()).toEqual([d, a, b]);
  wait([a, c]);
  expect(await walk.next()).toEqual([c, a]);
  expect(await walk.next()).toEqual([a, c]);
  wait([]);
  expect(await walk.next()).toEqual([]);
});
