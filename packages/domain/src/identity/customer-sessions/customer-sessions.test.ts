import { expect, test } from 'vitest';
import { fakeCustomerTokens, givenCustomersOf } from '../../testing/customers.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenShop, PASSWORD, warmUp } from '../../testing/people.ts';
import { limitedAttempts } from '../../testing/ports.ts';
import { disableCustomer, enableCustomer } from '../customer-accounts/disablement.service.ts';
import { TooManyAttempts } from '../sessions/attempts.ts';
import { hashToken } from '../sessions/opaque-token.ts';
import { RefreshRefused } from '../sessions/sessions.errors.ts';
import { logInCustomer, refreshCustomer } from './customer-login.flow.ts';
import { CustomerLoginRefused } from './customer-sessions.errors.ts';
import { logOutCustomer, sweepCustomerSessions } from './customer-sessions.service.ts';
import { customerStanding } from './customer-standing.service.ts';

const db = useDatabase();

async function given() {
  const shop = await givenShop(db);
  const customers = givenCustomersOf(db, shop.companyId);
  const customer = await customers.register();
  const { tokens } = await customers.logIn(customer.email);
  const again = (refreshToken: string, session = customers.session) =>
    refreshCustomer(db.app.run, { customerTokens: fakeCustomerTokens }, session, { refreshToken }).then(
      (answer) => answer.tokens.refreshToken,
    );
  const claims = await fakeCustomerTokens.verify(tokens.accessToken);
  if (!claims) throw new Error('no claims');
  const isGood = () => db.app.run(shop.system, (ctx) => customerStanding(ctx, claims));
  return { shop, customers, customer, tokens, again, claims, isGood };
}

test('a customer logs in with the address in any case, verified or not, and says so', async () => {
  const { customers, customer } = await given();
  const { customer: profile, tokens } = await customers.logIn(` ${customer.email.toUpperCase()}`);
  expect(profile).toMatchObject({ id: customer.id, email: customer.email, isEmailVerified: false });
  expect(profile).not.toHaveProperty('note');
  expect(tokens.refreshToken).toMatch(/^souk_crt_/);
});

test('every wrong login gets the same answer, and works at no other shop', async () => {
  const { shop, customers, customer } = await given();
  const elsewhere = givenCustomersOf(db, (await givenShop(db)).companyId);
  await expect(customers.logIn(customer.email, 'not my password')).rejects.toBeInstanceOf(CustomerLoginRefused);
  await expect(customers.logIn('nobody@example.com')).rejects.toBeInstanceOf(CustomerLoginRefused);
  await expect(elsewhere.logIn(customer.email)).rejects.toBeInstanceOf(CustomerLoginRefused);
  await db.app.run(shop.system, (ctx) => disableCustomer(ctx, customer.id));
  await expect(customers.logIn(customer.email)).rejects.toBeInstanceOf(CustomerLoginRefused);
});

test('after ten wrong passwords from one network the right one is refused there too', async () => {
  const { customers, customer } = await given();
  const ports = { attempts: limitedAttempts(), customerTokens: fakeCustomerTokens };
  const attempt = (password: string, ip = '192.0.2.7') =>
    logInCustomer(db.app.run, ports, { ...customers.session, ip }, { email: customer.email, password });
  for (let i = 0; i < 10; i++) await expect(attempt('wrong')).rejects.toBeInstanceOf(CustomerLoginRefused);
  await expect(attempt(PASSWORD)).rejects.toBeInstanceOf(TooManyAttempts);
  expect((await attempt(PASSWORD, '198.51.100.9')).customer.id).toBe(customer.id);
});

test('twenty tabs that refresh at once get the very same successor; a token two generations old ends the session', async () => {
  await warmUp(db);
  const { shop, customer, tokens, again, isGood } = await given();
  const answers = new Set(await Promise.all(Array.from({ length: 20 }, () => again(tokens.refreshToken))));
  expect(answers.size).toBe(1);
  const newest = await again([...answers][0] ?? '');
  expect(await isGood()).toBe(true);
  await expect(again(tokens.refreshToken)).rejects.toBeInstanceOf(RefreshRefused);
  expect(await isGood()).toBe(false);
  await expect(again(newest)).rejects.toBeInstanceOf(RefreshRefused);
  expect((await shop.eventsOf(customer.id)).map(({ type }) => type)).toEqual([
    'customer.registered',
    'customer.session_reuse_detected',
  ]);
});

test('the token before the newest works for ten seconds and no longer', async () => {
  const { tokens, again, isGood } = await given();
  const second = await again(tokens.refreshToken);
  const age = (seconds: number) => db.admin`
    update customer_refresh_tokens set used_at = used_at - make_interval(secs => ${seconds})
    where token_hash = ${hashToken(tokens.refreshToken)}`;
  await age(9);
  expect(await again(tokens.refreshToken)).toBe(second);
  await age(2);
  await expect(again(tokens.refreshToken)).rejects.toBeInstanceOf(RefreshRefused);
  expect(await isGood()).toBe(false);
});

test('a refresh token opens nothing at another shop, nor does one of staff here', async () => {
  const { again, tokens } = await given();
  const other = await given();
  await expect(again(tokens.refreshToken, other.customers.session)).rejects.toBeInstanceOf(RefreshRefused);
  await expect(again(tokens.refreshToken.replace('souk_crt_', 'souk_rt_'))).rejects.toBeInstanceOf(RefreshRefused);
  expect(await again(tokens.refreshToken)).toMatch(/^souk_crt_/);
});

test('logging out ends this session, or all; a disabled customer has none, and enabling brings none back', async () => {
  const { shop, customers, customer, claims, isGood } = await given();
  const [first, second] = [await customers.as(customer.id), await customers.as(customer.id)];
  const standing = (session: typeof first) =>
    db.app.run(shop.system, (ctx) =>
      customerStanding(ctx, { customerId: customer.id, sessionId: session.customerSessionId ?? claims.sessionId }),
    );
  await db.app.run(first, (ctx) => logOutCustomer(ctx, { everywhere: false }));
  expect([await standing(first), await standing(second)]).toEqual([false, true]);
  await db.app.run(second, (ctx) => logOutCustomer(ctx, { everywhere: true }));
  expect([await standing(second), await isGood()]).toEqual([false, false]);
  const third = await customers.as(customer.id);
  db.committed.length = 0;
  await db.app.run(shop.system, (ctx) => disableCustomer(ctx, customer.id));
  expect(await standing(third)).toBe(false);
  expect(db.committed.at(-1)).toMatchObject({ touched: false, customers: [customer.id] });
  await db.app.run(shop.system, (ctx) => enableCustomer(ctx, customer.id));
  expect(await standing(third)).toBe(false);
});

test('what ended a week ago is swept away with its tokens', async () => {
  const { shop, customers, customer } = await given();
  const session = await customers.as(customer.id);
  await db.app.run(session, (ctx) => logOutCustomer(ctx, { everywhere: true }));
  const sweep = () => db.app.run(shop.system, sweepCustomerSessions);
  expect(await sweep()).toBe(0);
  await db.admin`update customer_sessions set revoked_at = now() - interval '8 days' where company_id = ${shop.companyId}`;
  expect(await sweep()).toBe(2);
  expect(await db.admin`select 1 from customer_refresh_tokens where company_id = ${shop.companyId}`).toHaveLength(0);
});
