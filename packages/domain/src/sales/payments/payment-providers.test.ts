import { expect, test } from 'vitest';
import { createCompany } from '../../company/companies/companies.service.ts';
import { type Session, systemSession } from '../../kernel/ctx.ts';
import { InvalidInput, NotFound } from '../../kernel/errors.ts';
import { type CompanyId, newId } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { type PaymentProviderSetup, paymentProviderSetup } from './payment-providers.contract.ts';
import { CredentialOfOtherMode } from './payment-providers.errors.ts';
import {
  listPaymentProviders,
  removePaymentProvider,
  secretKeyOf,
  setUpPaymentProvider,
} from './payment-providers.service.ts';

const db = useDatabase();
const LIVE = `sk_live_${'a1'.repeat(20)}`;
const TEST = `sk_test_${'b2'.repeat(20)}`;

async function givenCompany(parentCompanyId?: CompanyId) {
  const system = systemSession(newId('com'), 'test');
  const about = {
    name: 'A',
    handle: system.companyId.slice(4),
    country: 'NG',
    currency: 'NGN',
    timezone: 'Africa/Lagos',
    parentCompanyId,
  };
  await db.app.run(system, (ctx) => createCompany(ctx, about));
  return system;
}

const setUp = (session: Session, provider: string, setup: PaymentProviderSetup) =>
  db.app.run(session, (ctx) => setUpPaymentProvider(ctx, provider, setup));
const secretOf = (session: Session) => db.app.run(session, (ctx) => secretKeyOf(ctx, 'paystack'));

test('credentials go in and never come out; what is told of them is their end and a fingerprint', async () => {
  const session = await givenCompany();
  const view = await setUp(session, 'paystack', { secretKey: LIVE });
  expect(view).toMatchObject({
    provider: 'paystack',
    isConfigured: true,
    version: 1,
    credentials: { lastFour: 'a1a1' },
  });
  const list = await db.app.run(session, listPaymentProviders);
  expect(list.data.map((one) => [one.provider, one.isConfigured])).toEqual([
    ['paystack', true],
    ['manual', false],
  ]);
  const audit =
    await db.admin`select jsonb_agg(e)::text as text from audit_entries e where company_id = ${session.companyId}`;
  expect(JSON.stringify([view, list, audit])).not.toContain(LIVE);
  expect(await secretOf(session)).toBe(LIVE);
});

test('a live company takes live keys only and a sandbox test keys only, both halves', async () => {
  const live = await givenCompany();
  const sandbox = await givenCompany(live.companyId);
  await expect(setUp(live, 'paystack', { secretKey: TEST })).rejects.toBeInstanceOf(CredentialOfOtherMode);
  await expect(setUp(sandbox, 'paystack', { secretKey: LIVE })).rejects.toBeInstanceOf(CredentialOfOtherMode);
  await expect(
    setUp(live, 'paystack', { secretKey: LIVE, publicKey: `pk_test_${'c'.repeat(20)}` }),
  ).rejects.toBeInstanceOf(CredentialOfOtherMode);
  await expect(setUp(sandbox, 'paystack', { secretKey: TEST })).resolves.toBeDefined();
  expect(await secretOf(live)).toBeUndefined();
});

test('what a provider needs or does not take is refused by name, and an unknown provider is not found', async () => {
  const session = await givenCompany();
  await expect(setUp(session, 'paystack', {})).rejects.toMatchObject({
    faults: [{ pointer: '/secretKey', code: 'required' }],
  });
  await expect(setUp(session, 'manual', { secretKey: LIVE })).rejects.toBeInstanceOf(InvalidInput);
  for (const name of ['stripe', 'toString', ''])
    await expect(setUp(session, name, {})).rejects.toBeInstanceOf(NotFound);
  for (const secretKey of ['', 'sk_live_', 'pk_live_abcdefghijkl', 'sk_live_abc defghijkl'])
    expect(paymentProviderSetup.safeParse({ secretKey }).success).toBe(false);
});

test('replacing the credentials replaces the whole set-up, and removing forgets them; removing again changes nothing', async () => {
  const session = await givenCompany();
  await setUp(session, 'paystack', { secretKey: LIVE, publicKey: `pk_live_${'c'.repeat(20)}` });
  const other = `sk_live_${'z9'.repeat(20)}`;
  expect(await setUp(session, 'paystack', { secretKey: other })).toMatchObject({ version: 2, publicKey: null });
  expect(await secretOf(session)).toBe(other);
  await db.app.run(session, (ctx) => removePaymentProvider(ctx, 'paystack'));
  await db.app.run({ ...session, actor: { type: 'staff', id: newId('stf') } }, (ctx) =>
    removePaymentProvider(ctx, 'paystack'),
  );
  expect(await secretOf(session)).toBeUndefined();
  expect(await db.admin`select 1 from company_secrets where company_id = ${session.companyId}`).toEqual([]);
});

test('two set-ups at once leave one whole set-up', async () => {
  const session = await givenCompany();
  await Promise.all([LIVE, `${LIVE}x`, `${LIVE}y`].map((secretKey) => setUp(session, 'paystack', { secretKey })));
  const [provider] = (await db.app.run(session, listPaymentProviders)).data;
  expect(provider?.version).toBe(3);
  expect((await secretOf(session))?.endsWith(provider?.credentials?.lastFour ?? '?')).toBe(true);
});

test("one company's credentials are never another's", async () => {
  const [a, b] = [await givenCompany(), await givenCompany()];
  await setUp(a, 'paystack', { secretKey: LIVE });
  expect(await secretOf(b)).toBeUndefined();
  expect((await db.app.run(b, listPaymentProviders)).data.some((one) => one.isConfigured)).toBe(false);
});

test('setting up, replacing and removing are told as events of the company, counted on, and without the credentials', async () => {
  const session = await givenCompany();
  await setUp(session, 'paystack', { secretKey: LIVE });
  await db.app.run(session, (ctx) => removePaymentProvider(ctx, 'paystack'));
  await db.app.run(session, (ctx) => removePaymentProvider(ctx, 'paystack'));
  await setUp(session, 'manual', {});
  const told = await db.admin`select type, sequence, data -> 'paymentProvider' ->> 'isConfigured' as "isConfigured",
      data -> 'company' ->> 'id' = aggregate_id as "isOfCompany" from events
    where company_id = ${session.companyId} and type like 'company.payment%' order by id`;
  expect(told).toEqual([
    { type: 'company.payment_provider_set_up', sequence: 2, isConfigured: 'true', isOfCompany: true },
    { type: 'company.payment_provider_removed', sequence: 3, isConfigured: 'false', isOfCompany: true },
    { type: 'company.payment_provider_set_up', sequence: 4, isConfigured: 'true', isOfCompany: true },
  ]);
  const texts = await db.admin`select data::text from events where company_id = ${session.companyId}`;
  expect(JSON.stringify(texts)).not.toContain(LIVE);
});
