import { readCatalogueVersions } from '@souk/domain/kernel/catalogue-version-reader';
import { systemSession } from '@souk/domain/kernel/ctx';
import { type CompanyId, newId } from '@souk/domain/kernel/ids';
import { useDatabase } from '@souk/domain/testing/database';
import { expect, test } from 'vitest';
import { CatalogueVersions } from './catalogue-versions.ts';

const db = useDatabase();
const [a, b]: [CompanyId, CompanyId] = [newId('com'), newId('com')];

/** A look-up that ends when it is told to. */
function held() {
  const asked: { companies: CompanyId[]; answer(version: number): void; fail(): void }[] = [];
  const versions = new CatalogueVersions((companies) => {
    const list = [...companies];
    return new Promise((resolve, reject) => {
      asked.push({
        companies: list,
        answer: (version) => resolve(new Map(list.map((companyId) => [companyId, version]))),
        fail: () => reject(new Error('away')),
      });
    });
  });
  return { versions, asked };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('all who ask together share one look-up, whatever their company', async () => {
  const { versions, asked } = held();
  const answers = Promise.all([versions.of(a), versions.of(b), versions.of(a)]);
  await turn();
  expect(asked.map(({ companies }) => companies)).toEqual([[a, b]]);
  asked[0]?.answer(7);
  expect(await answers).toEqual([7, 7, 7]);
});

test('who comes while a look-up is under way waits for the next one: it may have missed what was saved meanwhile', async () => {
  const { versions, asked } = held();
  const early = versions.of(a);
  await turn();
  const late = versions.of(a);
  await turn();
  expect(asked).toHaveLength(1);
  asked[0]?.answer(1);
  expect(await early).toBe(1);
  await turn();
  asked[1]?.answer(2);
  expect(await late).toBe(2);
});

test('a look-up that fails says so to those who waited for it, and the next one works', async () => {
  const { versions, asked } = held();
  const failed = versions.of(a);
  await turn();
  asked[0]?.fail();
  await expect(failed).rejects.toThrow('away');
  const next = versions.of(a);
  await turn();
  asked[1]?.answer(3);
  expect(await next).toBe(3);
});

test('the number rises with each commit that changed the catalogue, once, for its company alone', async () => {
  const versions = new CatalogueVersions((companies) => readCatalogueVersions(db.app.pool, companies));
  const change = (companyId: CompanyId) =>
    db.app.run(systemSession(companyId, 'test'), async (ctx) => {
      ctx.catalogueChanged();
      ctx.catalogueChanged();
    });
  expect(await versions.of(a)).toBe(0);
  await change(a);
  expect([await versions.of(a), await versions.of(b)]).toEqual([1, 0]);
  await Promise.all(Array.from({ length: 10 }, () => change(a)));
  expect([await versions.of(a), await versions.of(b)]).toEqual([11, 0]);
});
