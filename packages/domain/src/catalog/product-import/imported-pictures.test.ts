import { expect, test } from 'vitest';
import { useDatabase } from '../../testing/database.ts';
import { givenImports } from '../../testing/imports.ts';

const db = useDatabase();
const PRODUCTS = 400; // more than one piece of a file

const FILE = ['handle,title,image']
  .concat(Array.from({ length: PRODUCTS }, (_, at) => `hat-${at},Hat ${at},https://img.souk.example/${at}.jpg`))
  .join('\n');

test('pictures wait half a minute or for the end of their import, and those that rest after a failure rest on', async () => {
  const shop = await givenImports(db);
  const pauses = async () => {
    const rows = await db.admin<{ pause: number }[]>`select extract(epoch from due_at - now())::int as pause
      from files where company_id = ${shop.companyId} and purpose = 'image' order by due_at`;
    return rows.map(({ pause }) => pause);
  };
  const { id } = await shop.begin(FILE);
  const runner = shop.newRunner({ shareMs: 0 });
  await runner.share(shop.system);
  const begun = await pauses();
  expect(begun.length).toBeGreaterThan(0);
  expect(begun.length).toBeLessThan(PRODUCTS);
  expect(begun.every((pause) => pause > 20 && pause <= 30)).toBe(true);
  await db.admin`update files set attempts = 1, due_at = now() + interval '1 hour'
    where company_id = ${shop.companyId} and source_url like '%/7.jpg'`;
  await shop.work(runner);
  expect(await shop.look(id)).toMatchObject({ status: 'completed', counts: { products: { created: PRODUCTS } } });
  const ended = await pauses();
  expect(ended).toHaveLength(PRODUCTS);
  expect(ended.filter((pause) => pause > 0)).toHaveLength(1);
});
