import { expect, test } from 'vitest';
import { suspendCompany } from '../../company/companies/companies.service.ts';
import type { Ctx, Run } from '../../kernel/ctx.ts';
import { InvalidInput } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import { givenCustomersOf } from '../../testing/customers.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenShop, PASSWORD, warmUp } from '../../testing/people.ts';
import { countingAttempts, limitedAttempts } from '../../testing/ports.ts';
import { CustomerLoginRefused } from '../customer-sessions/customer-sessions.errors.ts';
import { CustomerEmailTaken } from '../customers/customers.errors.ts';
import { getCustomer } from '../customers/customers.service.ts';
import { hashPassword } from '../passwords/password-hash.ts';
import { WrongPassword } from '../passwords/passwords.errors.ts';
import { addressAtKey, TooManyAttempts } from '../sessions/attempts.ts';
import { makeToken } from '../sessions/opaque-token.ts';
import { CustomerLinkRefused, EmailUnchanged, PasswordNeeded } from './customer-accounts.errors.ts';
import {
  changeOwnCustomerPassword,
  changeOwnEmail,
  confirmEmail,
  inviteCustomer,
  requestCustomerPasswordReset,
  resetForgottenCustomerPassword,
  signUpCustomer,
  verifyAgain,
} from './customer-accounts.flow.ts';
import { sweepLinks } from './customer-links.service.ts';
import { disableCustomer } from './disablement.service.ts';
import { linkVisitor } from './link-visitor.ts';
import { seedCustomer } from './registration.service.ts';
import type { VerifiedCustomer } from './verification.service.ts';

const db = useDatabase();
const run: Run = (session, work) => db.app.run(session, work);
const NEW = 'eleven paper boats';

async function given() {
  const shop = await givenShop(db);
  const customers = givenCustomersOf(db, shop.companyId);
  const { session } = customers;
  const attempts = countingAttempts();
  const verified: VerifiedCustomer[] = [];
  const ports = { attempts, whenVerified: [async (_: unknown, who: VerifiedCustomer) => void verified.push(who)] };
  const signUp = (email: string, password = PASSWORD) => signUpCustomer(run, ports, session, { email, password });
  const known = async (email: string) => {
    const [row] = await db.admin`select id from customers where company_id = ${shop.companyId} and email = ${email}`;
    return row?.['id'] as `cus_${string}` | undefined;
  };
  /** Tokens in mails about a customer, by the type of the event. */
  const mailed = async (id: string | undefined, type: string) =>
    (await shop.eventsOf(id ?? ''))
      .filter((event) => event.type === type)
      .map((event) => String(event.privately.token));
  const confirm = (token = '', as = session, password: string | undefined = PASSWORD) =>
    confirmEmail(run, ports, as, { token, password });
  const reset = (token: string | undefined, password = NEW) =>
    resetForgottenCustomerPassword(run, ports, session, { token: token ?? '', password });
  const eventTypes = async (id: string) => (await shop.eventsOf(id)).map(({ type }) => type);
  return { shop, customers, session, attempts, ports, verified, signUp, known, mailed, confirm, reset, eventTypes };
}

test('registering makes an account and a mail; its link proves the address once, and a second click does no harm', async () => {
  const { signUp, known, mailed, confirm, verified, eventTypes, shop } = await given();
  await signUp('Bola@Example.com');
  const id = await known('Bola@Example.com');
  if (!id) throw new Error('not registered');
  const [token] = await mailed(id, 'customer.registered');
  expect((await run(shop.system, (ctx) => getCustomer(ctx, id))).isEmailVerified).toBe(false);
  await confirm(token);
  await confirm(token);
  expect((await run(shop.system, (ctx) => getCustomer(ctx, id))).isEmailVerified).toBe(true);
  expect(await eventTypes(id)).toEqual(['customer.registered', 'customer.verified']);
  expect(verified).toEqual(Array(2).fill({ customerId: id, emailKey: 'bola@example.com' }));
});

test('a mailbox alone proves nothing of an account that a stranger opened in its name, and gets the stranger out', async () => {
  const { customers, session, ports, signUp, known, mailed, reset, verified, shop } = await given();
  await signUp('victim@example.com', 'the stranger chose this');
  const id = await known('victim@example.com');
  if (!id) throw new Error('not registered');
  const stranger = await customers.as(id);
  await changeOwnEmail(run, ports, stranger, { email: 'stranger@example.com', password: 'the stranger chose this' });
  const [token = ''] = await mailed(id, 'customer.registered');
  const somebodyElse = await customers.as((await customers.register()).id);
  for (const as of [session, somebodyElse])
    await expect(confirmEmail(run, ports, as, { token })).rejects.toBeInstanceOf(PasswordNeeded);
  await expect(confirmEmail(run, ports, session, { token, password: PASSWORD })).rejects.toBeInstanceOf(WrongPassword);
  expect((await run(shop.system, (ctx) => getCustomer(ctx, id))).isEmailVerified).toBe(false);
  expect(verified).toEqual([]);
  await reset(token); // the same link still chooses a password
  expect((await customers.logIn('victim@example.com', NEW)).customer.isEmailVerified).toBe(true);
  await expect(customers.logIn('victim@example.com', 'the stranger chose this')).rejects.toThrow(CustomerLoginRefused);
  const [open] =
    await db.admin`select revoked_reason from customer_sessions where id = ${stranger.customerSessionId ?? ''}`;
  expect(open?.['revoked_reason']).toBe('password');
  const [away = ''] = await mailed(id, 'customer.email_change_requested');
  await expect(confirmEmail(run, ports, stranger, { token: away })).rejects.toBeInstanceOf(CustomerLinkRefused);
});

test('whoever is logged in confirms their address without a password, and keeps their session', async () => {
  const { customers, ports, mailed, shop } = await given();
  const { id } = await customers.register();
  const me = await customers.as(id);
  const [token = ''] = await mailed(id, 'customer.registered');
  await confirmEmail(run, ports, me, { token });
  expect((await run(shop.system, (ctx) => getCustomer(ctx, id))).isEmailVerified).toBe(true);
  const [open] = await db.admin`select revoked_at from customer_sessions where id = ${me.customerSessionId ?? ''}`;
  expect(open?.['revoked_at']).toBeNull();
});

test("the link of a change of address gives nobody's account to whoever reads the new mailbox", async () => {
  const { customers, session, ports, mailed, reset } = await given();
  const { id } = await customers.register();
  await changeOwnEmail(run, ports, await customers.as(id), { email: 'slip@example.com', password: PASSWORD });
  const [token = ''] = await mailed(id, 'customer.email_change_requested');
  await expect(confirmEmail(run, ports, session, { token })).rejects.toBeInstanceOf(PasswordNeeded);
  await expect(reset(token)).rejects.toBeInstanceOf(PasswordNeeded);
  await confirmEmail(run, ports, session, { token, password: PASSWORD });
  await customers.logIn('slip@example.com');
});

test('of ten ways back asked for at once only the newest is good', async () => {
  await warmUp(db);
  const { customers, session, ports, mailed, reset, shop } = await given();
  const { id, email } = await customers.register();
  await Promise.all(Array.from({ length: 10 }, () => requestCustomerPasswordReset(run, ports, session, { email })));
  const tokens = await mailed(id, 'customer.password_reset_requested');
  const [open] = await db.admin`select count(*)::int as count from customer_tokens
    where company_id = ${shop.companyId} and purpose = 'password_reset' and used_at is null`;
  expect([tokens.length, open?.['count']]).toEqual([10, 1]);
  for (const token of tokens.slice(0, -1)) await expect(reset(token)).rejects.toBeInstanceOf(CustomerLinkRefused);
  await reset(tokens.at(-1));
});

test('ten registrations at once with one address: one account, and its owner hears of the others', async () => {
  await warmUp(db);
  const { signUp, known, eventTypes, shop } = await given();
  await Promise.all(Array.from({ length: 10 }, (_, i) => signUp(i % 2 ? 'Two@example.com' : 'two@example.com')));
  const rows = await db.admin`select id from customers where company_id = ${shop.companyId}`;
  expect(rows).toHaveLength(1);
  const types = await eventTypes(String(rows[0]?.['id']));
  expect(types.filter((type) => type === 'customer.registered')).toHaveLength(1);
  expect(types.filter((type) => type === 'customer.registered_again')).toHaveLength(9);
  expect(await known('nobody@example.com')).toBeUndefined();
});

test('a taken address changes nothing: the old password holds, and a link in the mail sets a new one', async () => {
  const { customers, signUp, mailed, reset, verified } = await given();
  const customer = await customers.register();
  await customers.logIn(customer.email);
  await signUp(customer.email, 'nine copper spoons');
  await expect(customers.logIn(customer.email, 'nine copper spoons')).rejects.toBeInstanceOf(CustomerLoginRefused);
  await customers.logIn(customer.email);
  const [token] = await mailed(customer.id, 'customer.registered_again');
  await reset(token);
  // Whoever opened the account in somebody's name beforehand is out of it, and the address is proved.
  await expect(customers.logIn(customer.email)).rejects.toBeInstanceOf(CustomerLoginRefused);
  expect((await customers.logIn(customer.email, NEW)).customer.isEmailVerified).toBe(true);
  expect(verified).toHaveLength(1);
});

test('one address at two shops is two accounts', async () => {
  const [one, two] = [await given(), await given()];
  await one.signUp('same@example.com');
  await two.signUp('same@example.com', NEW);
  const [first, second] = [
    await one.customers.logIn('same@example.com'),
    await two.customers.logIn('same@example.com', NEW),
  ];
  expect(first.customer.id).not.toBe(second.customer.id);
});

test('an address asked for too often gets the same silence and no more mail; a network that asks too often must wait', async () => {
  const { customers, session, shop } = await given();
  const customer = await customers.register();
  const attempts = limitedAttempts();
  const signUp = (email: string) => signUpCustomer(run, { attempts }, session, { email, password: PASSWORD });
  for (let i = 0; i < 7; i++) await signUp(customer.email);
  const again = (await shop.eventsOf(customer.id)).filter(({ type }) => type === 'customer.registered_again');
  expect(again).toHaveLength(5);
  for (let i = 0; i < 53; i++)
    await attempts.consume('customer_registration', addressAtKey(session.companyId, session.ip));
  await expect(signUp('other@example.com')).rejects.toBeInstanceOf(TooManyAttempts);
  // What one shop says of where its visitors come from counts at no other.
  const elsewhere = await given();
  await signUpCustomer(run, { attempts }, elsewhere.session, { email: customer.email, password: PASSWORD });
});

test('weak passwords are refused, the same for a taken address', async () => {
  const { customers, signUp, shop } = await given();
  const customer = await customers.register();
  for (const email of [customer.email, 'new@example.com'])
    for (const weak of ['password1', shop.handle])
      await expect(signUp(email, weak)).rejects.toBeInstanceOf(InvalidInput);
});

test('a link is good for its own shop, until it is replaced or too old, and not for whoever is disabled', async () => {
  const { customers, mailed, confirm, shop } = await given();
  const elsewhere = await given();
  const customer = await customers.register();
  const me = await customers.as(customer.id);
  await verifyAgain(run, { attempts: countingAttempts() }, me);
  const [old] = await mailed(customer.id, 'customer.registered');
  const [newest] = await mailed(customer.id, 'customer.verification_requested');
  await expect(confirm(old)).rejects.toBeInstanceOf(CustomerLinkRefused);
  await expect(confirm(newest, elsewhere.session)).rejects.toBeInstanceOf(CustomerLinkRefused);
  await expect(confirm('junk')).rejects.toBeInstanceOf(CustomerLinkRefused);
  await db.admin`update customer_tokens set expires_at = now() where customer_id = ${customer.id}`;
  await expect(confirm(newest)).rejects.toBeInstanceOf(CustomerLinkRefused);
  const other = await customers.register();
  const [hers] = await mailed(other.id, 'customer.registered');
  await run(shop.system, (ctx) => disableCustomer(ctx, other.id));
  await expect(confirm(hers)).rejects.toBeInstanceOf(CustomerLinkRefused);
});

test('a made-up link of a company says the same whether or not there is such a company, and leaves no trace of who came', async () => {
  const { shop, ports, mailed, customers } = await given();
  const { id } = await customers.register();
  const visitor = { requestId: 'test', ip: '192.0.2.77', userAgent: 'CanaryBrowser' };
  const open = (token: string, password?: string) =>
    confirmEmail(run, ports, linkVisitor(token, visitor), { token, password });
  for (const companyId of [shop.companyId, newId('com')])
    await expect(open(makeToken('ctk', companyId).token)).rejects.toBeInstanceOf(CustomerLinkRefused);
  const audits = async (ctx: Ctx) => ctx.audit({ action: 'orders.claimed', entity: { type: 'customer', id } });
  const whenVerified = [async (ctx: Ctx) => void (ctx.isShopper || (await audits(ctx)))];
  const [token = ''] = await mailed(id, 'customer.registered');
  await confirmEmail(run, { ...ports, whenVerified }, linkVisitor(token, visitor), { token, password: PASSWORD });
  const rows =
    await db.admin`select row_to_json(a)::text as row from audit_entries a where company_id = ${shop.companyId}`;
  expect(rows.map(({ row }) => row).join()).not.toMatch(/192\.0\.2\.77|CanaryBrowser/);
});

test('a link leads nowhere while the shop is suspended', async () => {
  const { customers, mailed, confirm, shop } = await given();
  const customer = await customers.register();
  const [token] = await mailed(customer.id, 'customer.registered');
  await run(shop.system, (ctx) => suspendCompany(ctx, 'a test'));
  await expect(confirm(token)).rejects.toBeInstanceOf(CustomerLinkRefused);
});

test('a forgotten password: known and unknown addresses are silent alike, and the link works once for ten at once', async () => {
  await warmUp(db);
  const { customers, session, ports, mailed, reset, eventTypes } = await given();
  const customer = await customers.register();
  const before = await customers.as(customer.id);
  const ask = (email: string) => requestCustomerPasswordReset(run, ports, session, { email });
  await ask('nobody@example.com');
  await ask(customer.email);
  const [token] = await mailed(customer.id, 'customer.password_reset_requested');
  const tries = await Promise.allSettled(Array.from({ length: 5 }, () => reset(token)));
  expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  await customers.logIn(customer.email, NEW);
  const [open] =
    await db.admin`select revoked_reason from customer_sessions where id = ${before.customerSessionId ?? ''}`;
  expect(open?.['revoked_reason']).toBe('password');
  expect(await eventTypes(customer.id)).toEqual([
    'customer.registered',
    'customer.password_reset_requested',
    'customer.verified',
    'customer.password_changed',
  ]);
});

test("changing one's password needs the present one, ends the other sessions and keeps this one", async () => {
  const { customers, ports, shop } = await given();
  const customer = await customers.register();
  const [mine, other] = [await customers.as(customer.id), await customers.as(customer.id)];
  const change = (currentPassword: string) =>
    changeOwnCustomerPassword(run, ports, mine, { currentPassword, newPassword: NEW });
  await expect(change('not my password')).rejects.toBeInstanceOf(WrongPassword);
  await change(PASSWORD);
  const rows =
    await db.admin`select id from customer_sessions where company_id = ${shop.companyId} and revoked_at is null`;
  expect(rows.map(({ id }) => id)).toEqual([mine.customerSessionId]);
  expect(rows.map(({ id }) => id)).not.toContain(other.customerSessionId);
  await customers.logIn(customer.email, NEW);
});

test('another address becomes theirs when its link is opened, and not one that is taken', async () => {
  const { customers, ports, mailed, confirm, eventTypes, verified } = await given();
  const customer = await customers.register();
  const taken = await customers.register();
  const me = await customers.as(customer.id);
  const change = (email: string, password = PASSWORD) => changeOwnEmail(run, ports, me, { email, password });
  await expect(change('new@example.com', 'wrong')).rejects.toBeInstanceOf(WrongPassword);
  await expect(change(customer.email.toUpperCase())).rejects.toBeInstanceOf(EmailUnchanged);
  await change(taken.email);
  expect(await mailed(customer.id, 'customer.email_change_requested')).toEqual([]);
  await change('moved@example.com');
  await customers.logIn(customer.email); // until then the old one holds
  const [token] = await mailed(customer.id, 'customer.email_change_requested');
  await confirm(token);
  await confirm(token);
  expect((await customers.logIn('moved@example.com')).customer.isEmailVerified).toBe(true);
  await expect(customers.logIn(customer.email)).rejects.toBeInstanceOf(CustomerLoginRefused);
  expect(verified.at(-1)).toEqual({ customerId: customer.id, emailKey: 'moved@example.com' });
  expect((await eventTypes(customer.id)).at(-1)).toBe('customer.email_changed');
});

test('an address that somebody registered with meanwhile is not taken from them', async () => {
  const { customers, ports, mailed, confirm } = await given();
  const customer = await customers.register();
  await changeOwnEmail(run, ports, await customers.as(customer.id), { email: 'race@example.com', password: PASSWORD });
  await customers.register({ email: 'race@example.com' });
  const [token] = await mailed(customer.id, 'customer.email_change_requested');
  await expect(confirm(token)).rejects.toBeInstanceOf(CustomerLinkRefused);
  await customers.logIn(customer.email);
});

test('staff make an account; nobody can log in until the invited person chose a password', async () => {
  const { customers, ports, shop, mailed, reset, verified } = await given();
  const clerk = await shop.as(await shop.hire('support'));
  const about = { email: 'invited@example.com', note: '', tags: [], isTaxExempt: true };
  const made = await inviteCustomer(run, ports, clerk, about);
  expect(made).toMatchObject({ isTaxExempt: true, isEmailVerified: false });
  await expect(inviteCustomer(run, ports, clerk, { ...about, email: 'INVITED@example.com' })).rejects.toBeInstanceOf(
    CustomerEmailTaken,
  );
  await expect(customers.logIn(made.email, '')).rejects.toBeInstanceOf(CustomerLoginRefused);
  const [token] = await mailed(made.id, 'customer.created');
  await reset(token);
  expect((await customers.logIn(made.email, NEW)).customer.isEmailVerified).toBe(true);
  expect(verified).toEqual([{ customerId: made.id, emailKey: 'invited@example.com' }]);
  expect(await shop.auditOf(made.id)).toContain('customer.created');
});

test('a customer of a demo can log in at once, verified, and gets no mail', async () => {
  const { customers, shop, eventTypes } = await given();
  const passwordHash = await hashPassword(NEW);
  const { id } = await run(shop.system, (ctx) => seedCustomer(ctx, { email: 'demo@example.com' }, passwordHash));
  expect((await customers.logIn('demo@example.com', NEW)).customer.isEmailVerified).toBe(true);
  expect(await eventTypes(id)).toEqual(['customer.verified']);
});

test('only hashes of links are stored, and old ones are swept away', async () => {
  const { customers, mailed, shop } = await given();
  const customer = await customers.register();
  const [token = ''] = await mailed(customer.id, 'customer.registered');
  const rows =
    await db.admin`select row_to_json(t)::text as row from customer_tokens t where customer_id = ${customer.id}`;
  expect(rows.map(({ row }) => row).join()).not.toContain(token.slice(-43));
  const sweep = () => run(shop.system, sweepLinks);
  expect(await sweep()).toBe(0);
  await db.admin`update customer_tokens set expires_at = now() - interval '8 days' where customer_id = ${customer.id}`;
  expect(await sweep()).toBe(1);
});

test('what a later module does when an address is proved is undone with it', async () => {
  const { customers, ports, session, mailed, shop } = await given();
  const customer = await customers.register();
  const [token = ''] = await mailed(customer.id, 'customer.registered');
  const failing = { ...ports, whenVerified: [() => Promise.reject(new Error('half-way'))] };
  await expect(confirmEmail(run, failing, session, { token, password: PASSWORD })).rejects.toThrow('half-way');
  expect((await run(shop.system, (ctx) => getCustomer(ctx, customer.id))).isEmailVerified).toBe(false);
  await confirmEmail(run, ports, session, { token, password: PASSWORD });
});
