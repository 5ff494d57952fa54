import { createReadStream } from 'node:fs';
import path from 'node:path';
import { importCatalogue } from '@souk/domain/catalog/product-import/import-pieces.flow';
import { allPermissions } from '@souk/domain/kernel/access';
import { DEMO_COMPANIES } from '@souk/domain/setup/demo/demo-companies';
import '@souk/domain/setup/declarations/declarations';
import { useDatabase } from '@souk/domain/testing/database';
import { givenImports } from '@souk/domain/testing/imports';
import { expect, test } from 'vitest';

const db = useDatabase();

test.each(DEMO_COMPANIES)(
  'the catalogue of $company.name is taken whole, and a second time changes nothing',
  async (plan) => {
    const shop = await givenImports(db);
    const session = { ...shop.system, permissions: new Set(allPermissions().map(({ name }) => name)) };
    const { currency } = plan.company;
    const stock = () => {
      const file = createReadStream(path.join(import.meta.dirname, '../demo', plan.catalogue));
      return importCatalogue(db.app.run, session, file, { format: 'souk', currency });
    };
    await db.app.run(session, shop.withMainLocation);
    const made = await stock();
    expect(made.products).toEqual({ created: 40, updated: 0, unchanged: 0, failed: 0 });
    expect(made.errors).toBe(0);
    expect((await stock()).products).toEqual({ created: 0, updated: 0, unchanged: 40, failed: 0 });
  },
);
