import { expect, test } from 'vitest';
import { systemSession } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { createCompany } from '../companies/companies.service.ts';
import { patchSettings } from './settings.service.ts';
import { storeView } from './store.contract.ts';
import { showStore } from './store.service.ts';

const db = useDatabase();

test('a store shows its company and what is set of its look, the rest by default, and nothing of another company', async () => {
  const [a, b] = [systemSession(newId('com'), 'test'), systemSession(newId('com'), 'test')];
  for (const session of [a, b]) {
    const about = {
      name: 'Ada',
      handle: session.companyId.slice(4),
      country: 'NG',
      currency: 'NGN',
      timezone: 'Africa/Lagos',
    };
    await db.app.run(session, (ctx) => createCompany(ctx, about));
  }
  await db.app.run(a, (ctx) => patchSettings(ctx, 'branding', { tagline: 'Cloth' }));
  await db.app.run(a, (ctx) => patchSettings(ctx, 'general', { locale: 'yo', legalName: 'Ada Fabrics Ltd' }));
  const [storeA, storeB] = [await db.app.run(a, showStore), await db.app.run(b, showStore)];
  expect(storeA).toMatchObject({
    id: a.companyId,
    mode: 'live',
    currencies: ['NGN'],
    locale: 'yo',
    url: null,
    branding: { tagline: 'Cloth', logoUrl: null },
  });
  expect(storeB).toMatchObject({ id: b.companyId, locale: 'en', branding: { tagline: null } });
  expect(JSON.stringify(storeA)).not.toContain('Ltd');
  expect(storeView.parse(storeA)).toEqual(storeA);
  await expect(db.app.run(systemSession(newId('com'), 'test'), showStore)).rejects.toBeInstanceOf(NotFound);
});
