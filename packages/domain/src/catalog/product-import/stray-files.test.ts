import { expect, test } from 'vitest';
import { useDatabase } from '../../testing/database.ts';
import { givenCompany } from '../../testing/goods.ts';
import { memoryStore } from '../../testing/memory-store.ts';
import { storePrivateFile } from '../files/private-files.flow.ts';
import { queueImport } from './product-import.service.ts';
import { sweepStrayFiles } from './stray-files.service.ts';

const db = useDatabase();

test('files of imports and exports that belong to none go after a day; all others stay', async () => {
  const [shop, other] = [await givenCompany(db), await givenCompany(db)];
  const store = memoryStore();
  const put = async (session: typeof shop, purpose: 'import' | 'export') => {
    async function* content() {
      yield Buffer.from('a,b\n');
    }
    const what = { purpose, name: 'x.csv', content: content(), sizeMax: 100 };
    return (await storePrivateFile(db.app.run, store, session, what)).fileId;
  };
  const lost = [await put(shop, 'import'), await put(shop, 'export')];
  const imported = await put(shop, 'import');
  await db.app.run(shop, (ctx) =>
    queueImport(ctx, {
      format: 'souk',
      fileId: imported,
      fileName: 'x.csv',
      isDryRun: false,
      currency: 'NGN',
      updatesStock: false,
    }),
  );
  const exported = await put(shop, 'export');
  await db.admin`insert into product_exports (company_id, id, file_id, status, created_by_type, created_by_id)
    values (${shop.companyId}, 'pex_01h455vb4pex5vsknk084sn02q', ${exported}, 'completed', 'system', 'x')`;
  const theirs = await put(other, 'export');
  await db.admin`update files set created_at = now() - interval '25 hours'`;
  const young = await put(shop, 'export');
  const sweep = (max: number) => db.app.run(shop, (ctx) => sweepStrayFiles(ctx, max));
  expect([await sweep(1), await sweep(10), await sweep(10)]).toEqual([1, 1, 0]);
  const left = await db.admin`select id from files where status = 'ready'`;
  expect(left.map(({ id }) => id).sort()).toEqual([imported, exported, theirs, young].sort());
  expect(lost).toHaveLength(2);
});
