import { expect, test } from 'vitest';
import { z } from 'zod';
import { type Session, systemSession } from '../../kernel/ctx.ts';
import { InvalidInput, NotFound, VersionStale } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { createCompany } from '../companies/companies.service.ts';
import { SETTING_GROUPS, settingGroups } from './setting-groups.ts';
import { settingsGroupView, settingsView } from './settings.contract.ts';
import { getSettings, patchSettings, showAllSettings, showSettings } from './settings.service.ts';

const db = useDatabase();

async function givenCompany() {
  const system = systemSession(newId('com'), 'test');
  await db.app.run(system, (ctx) =>
    createCompany(ctx, {
      name: 'A',
      handle: system.companyId.slice(4),
      country: 'NG',
      currency: 'NGN',
      timezone: 'Africa/Lagos',
    }),
  );
  return system;
}

const patch = (session: Session, group: string, change: unknown, version?: number) =>
  db.app.run(session, (ctx) => patchSettings(ctx, group, change, version));

test('a company that set nothing has the defaults of every group, and not one row', async () => {
  const system = await givenCompany();
  const all = await db.app.run(system, showAllSettings);
  for (const group of SETTING_GROUPS)
    expect(all[group]).toEqual({ group, ...settingGroups[group].parse({}), version: 0, overridden: [], ignored: [] });
  expect(settingsView.parse(all)).toEqual(all);
  expect(await db.admin`select 1 from company_settings where company_id = ${system.companyId}`).toEqual([]);
});

test('what is set stays set, what is null goes back to its default, and only differences are stored', async () => {
  const system = await givenCompany();
  await patch(system, 'inventory', { holdMinutes: 45, backorder: true });
  const after = await patch(system, 'inventory', { backorder: null });
  expect(after).toMatchObject({ holdMinutes: 45, backorder: false, version: 2, overridden: ['holdMinutes'] });
  expect(await db.app.run(system, (ctx) => getSettings(ctx, 'inventory'))).toEqual({
    holdMinutes: 45,
    backorder: false,
    lowStockThreshold: 5,
  });
  const rows = await db.admin`select overrides from company_settings where company_id = ${system.companyId}`;
  expect(rows.map((row) => row['overrides'])).toEqual([{ holdMinutes: 45 }]);
  expect(settingsGroupView.parse(after)).toEqual(after);
});

test('values are stored in their normal form', async () => {
  const system = await givenCompany();
  await patch(system, 'storefront', { allowedOrigins: ['HTTPS://Shop.Example:443', 'http://localhost:3000'] });
  await patch(system, 'general', { locale: 'EN-ng' });
  expect((await db.app.run(system, (ctx) => getSettings(ctx, 'storefront'))).allowedOrigins).toEqual([
    'https://shop.example',
    'http://localhost',
  ]);
  expect((await db.app.run(system, (ctx) => getSettings(ctx, 'general'))).locale).toBe('en-NG');
});

test('an unknown group is not found; unknown and wrong fields are named', async () => {
  const system = await givenCompany();
  for (const group of ['weather', 'constructor', '__proto__', '']) {
    await expect(db.app.run(system, (ctx) => showSettings(ctx, group))).rejects.toBeInstanceOf(NotFound);
    await expect(patch(system, group, {})).rejects.toBeInstanceOf(NotFound);
  }
  const wrong = patch(system, 'inventory', { holdMinutes: 'long', 'a/b': 1, backorder: true });
  await expect(wrong).rejects.toBeInstanceOf(InvalidInput);
  await expect(wrong).rejects.toMatchObject({
    faults: [
      { pointer: '/holdMinutes', code: 'invalid_type', message: 'Expected a number.' },
      {
        pointer: '/a~1b',
        code: 'unknown_field',
        message: expect.stringContaining('no field a/b. There are: holdMinutes, '),
      },
    ],
  });
  for (const url of [
    'https://a.example/\0',
    'https://a.example/\ud800',
    'javascript:alert(1)',
    'ftp://a.example',
    'a.example',
  ]) {
    await expect(patch(system, 'storefront', { url })).rejects.toBeInstanceOf(InvalidInput);
  }
  for (const nonsense of [[], null, 'x', 7])
    await expect(patch(system, 'inventory', nonsense)).rejects.toBeInstanceOf(InvalidInput);
  expect(await db.admin`select 1 from company_settings where company_id = ${system.companyId}`).toEqual([]);
});

test('of two patches at once both are kept; of two that read the same version one wins', async () => {
  const system = await givenCompany();
  await Promise.all([patch(system, 'inventory', { holdMinutes: 45 }), patch(system, 'inventory', { backorder: true })]);
  expect(await db.app.run(system, (ctx) => showSettings(ctx, 'inventory'))).toMatchObject({
    holdMinutes: 45,
    backorder: true,
    version: 2,
  });
  const outcomes = await Promise.allSettled([
    patch(system, 'orders', { numberStart: 5 }, 0),
    patch(system, 'orders', { numberStart: 6 }, 0),
  ]);
  expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected']);
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(VersionStale);
});

test('a change is audited with before and after, announced whole, and drops what processes remember; no change does nothing', async () => {
  const system = await givenCompany();
  const staff: Session = { ...system, actor: { type: 'staff', id: newId('stf') } };
  await patch(staff, 'orders', { numberPrefix: 'A-' });
  db.committed.length = 0;
  await patch(staff, 'orders', { numberPrefix: 'B-' });
  expect(db.committed).toEqual([{ companyId: system.companyId, touched: true, nudged: true }]);
  await patch(staff, 'orders', { numberPrefix: 'B-' });
  await patch(staff, 'orders', {});
  const entries =
    await db.admin`select before, after from audit_entries where company_id = ${system.companyId} and action = 'settings.updated' order by id`;
  expect(entries).toHaveLength(2);
  expect(entries[1]).toMatchObject({
    before: { numberPrefix: 'A-', version: 1 },
    after: { numberPrefix: 'B-', version: 2 },
  });
  const events =
    await db.admin`select sequence, data from events where company_id = ${system.companyId} and type = 'settings.updated' order by id`;
  expect(events.map((row) => row['sequence'])).toEqual([1, 2]);
  expect(events[1]?.['data']).toMatchObject({ settings: { group: 'orders', numberPrefix: 'B-', numberStart: 1001 } });
});

test('stored values that no longer fit fall back to the default and are named, and can be set again', async () => {
  const system = await givenCompany();
  const stored = { holdMinutes: 'gone wrong', backorder: true, oldField: 1 };
  await db.admin`insert into company_settings (company_id, "group", overrides, version) values (${system.companyId}, 'inventory', ${db.admin.json(stored)}, 3)`;
  expect(await db.app.run(system, (ctx) => showSettings(ctx, 'inventory'))).toMatchObject({
    holdMinutes: 30,
    backorder: true,
    overridden: ['backorder'],
    ignored: ['oldField', 'holdMinutes'],
  });
  expect(await patch(system, 'inventory', { holdMinutes: 60 })).toMatchObject({ holdMinutes: 60, version: 4 });
});

test('whatever is ignored can be removed by null, and by nothing else; what is not stored is still an unknown field', async () => {
  const system = await givenCompany();
  const stored = { holdMinutes: 'gone wrong', backorder: true, oldField: 1 };
  await db.admin`insert into company_settings (company_id, "group", overrides, version) values (${system.companyId}, 'inventory', ${db.admin.json(stored)}, 3)`;
  const wrong = patch(system, 'inventory', { oldField: 2, otherField: null });
  await expect(wrong).rejects.toMatchObject({
    faults: [
      { pointer: '/oldField', message: 'This version does not know the field any more. null removes it.' },
      { pointer: '/otherField', code: 'unknown_field' },
    ],
  });
  const { ignored } = await db.app.run(system, (ctx) => showSettings(ctx, 'inventory'));
  const cleared = await patch(system, 'inventory', Object.fromEntries(ignored.map((field) => [field, null])));
  expect(cleared).toMatchObject({ holdMinutes: 30, backorder: true, ignored: [], version: 4 });
  const rows = await db.admin`select overrides from company_settings where company_id = ${system.companyId}`;
  expect(rows.map((row) => row['overrides'])).toEqual([{ backorder: true }]);
});

test("one company's settings are never another's", async () => {
  const [a, b] = [await givenCompany(), await givenCompany()];
  await patch(a, 'inventory', { holdMinutes: 45 });
  expect(await db.app.run(b, (ctx) => showSettings(ctx, 'inventory'))).toMatchObject({ holdMinutes: 30, version: 0 });
});

test('every field of every group has a default and can be described for the reference pages', () => {
  for (const group of SETTING_GROUPS) expect(() => settingGroups[group].parse({})).not.toThrow();
  for (const io of ['input', 'output'] as const) expect(() => z.toJSONSchema(settingsGroupView, { io })).not.toThrow();
});
