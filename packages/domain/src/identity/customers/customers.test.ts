import { expect, test } from 'vitest';
import { InvalidInput, NotFound, VersionStale } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { givenCustomersOf } from '../../testing/customers.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenShop, warmUp } from '../../testing/people.ts';
import { ADDRESSES_MAX } from './customer-addresses.contract.ts';
import { AddressBookFull } from './customer-addresses.errors.ts';
import { addAddress, deleteAddress, getAddress, listAddresses, updateAddress } from './customer-addresses.service.ts';
import { groupMembers } from './customer-groups.contract.ts';
import { CustomerGroupNameTaken } from './customer-groups.errors.ts';
import {
  addMembers,
  createGroup,
  deleteGroup,
  listGroups,
  removeMember,
  updateGroup,
} from './customer-groups.service.ts';
import type { CustomersQuery } from './customers.contract.ts';
import { CustomerErased } from './customers.errors.ts';
import { getCustomer, listCustomers, updateCustomer, updateProfile } from './customers.service.ts';

const db = useDatabase();
const LAGOS = { lastName: 'Ade', line1: '12 Marina Road', city: 'Lagos', country: 'NG' };

async function given() {
  const shop = await givenShop(db);
  const customers = givenCustomersOf(db, shop.companyId);
  const clerk = await shop.as(await shop.hire('support'));
  const emails = async (query: Partial<CustomersQuery> = {}) =>
    (await db.app.run(clerk, (ctx) => listCustomers(ctx, { limit: 20, ...query }))).data.map(({ email }) => email);
  return { shop, customers, clerk, emails };
}

test('customers are found by the beginning of address, whole name or last name, whatever case and accents', async () => {
  const { customers, emails } = await given();
  await customers.register({ email: 'zoe@example.com', firstName: 'Zoé', lastName: 'Ángström Obi' });
  await customers.register({ email: 'ann%@example.com', firstName: 'Ann' });
  await customers.register({ email: 'other@example.com', firstName: 'Bola', lastName: 'Zoega' });
  expect(await emails({ q: 'ZOE' })).toEqual(['other@example.com', 'zoe@example.com']);
  expect(await emails({ q: 'zoe ang' })).toEqual(['zoe@example.com']);
  expect(await emails({ q: 'angstrom' })).toEqual(['zoe@example.com']);
  expect(await emails({ q: 'ann%' })).toEqual(['ann%@example.com']);
  expect(await emails({ q: '%' })).toEqual([]);
  expect(await emails({ email: 'ZOE@example.com' })).toEqual(['zoe@example.com']);
});

test('lists come in pages without gaps, filtered by tag, group and status, and hold nobody of another company', async () => {
  const { shop, customers, clerk, emails } = await given();
  const other = await given();
  await other.customers.register();
  const all = [];
  for (let i = 0; i < 5; i++) all.push(await customers.register({ email: `p${i}@example.com` }));
  const [first, second] = all;
  if (!first || !second) throw new Error('nobody registered');
  const page = await db.app.run(clerk, (ctx) => listCustomers(ctx, { limit: 3 }));
  const rest = await db.app.run(clerk, (ctx) => listCustomers(ctx, { limit: 3, after: page.page.next ?? '' }));
  expect([...page.data, ...rest.data].map(({ email }) => email)).toEqual(all.map(({ email }) => email).reverse());
  await db.app.run(clerk, (ctx) => updateCustomer(ctx, first.id, { tags: ['Crème', 'creme', 'VIP'] }));
  expect(await emails({ tag: 'CREME' })).toEqual([first.email]);
  const group = await db.app.run(clerk, (ctx) => createGroup(ctx, { name: 'Wholesale', description: '' }));
  await db.app.run(clerk, (ctx) => addMembers(ctx, group.id, [second.id]));
  expect(await emails({ group: group.id })).toEqual([second.email]);
  expect(await emails({ status: 'disabled' })).toEqual([]);
  expect((await db.app.run(shop.system, (ctx) => getCustomer(ctx, first.id))).tags).toEqual(['creme', 'VIP']);
});

test('a change tells the version it is of, is announced whole, and leaves no personal word in the audit log', async () => {
  const { shop, customers, clerk } = await given();
  const { id } = await customers.register();
  const patch = { firstName: 'Secretname', note: 'owes us a call', isTaxExempt: true, acceptsMarketing: true };
  const after = await db.app.run(clerk, (ctx) => updateCustomer(ctx, id, patch, { expected: 1 }));
  expect(after).toMatchObject({ ...patch, version: 2, marketingSource: 'staff' });
  const stale = db.app.run(clerk, (ctx) => updateCustomer(ctx, id, { note: '' }, { expected: 1 }));
  await expect(stale).rejects.toBeInstanceOf(VersionStale);
  const rows = await db.admin`
    select row_to_json(a)::text as row from audit_entries a where company_id = ${shop.companyId} and entity_id = ${id}`;
  const written = rows.map(({ row }) => row).join();
  expect(written).toContain('customer.updated');
  expect(written).not.toMatch(/Secretname|owes us/);
  const [event] = await db.admin`
    select data, sequence from events where aggregate_id = ${id} and type = 'customer.updated'`;
  expect(event).toMatchObject({ sequence: 2, data: { customer: { firstName: 'Secretname', note: 'owes us a call' } } });
});

test('customers change their own profile, and the time of a consent moves only when it changes', async () => {
  const { customers } = await given();
  const { id } = await customers.register({ acceptsMarketing: true });
  const me = await customers.as(id);
  const consent = async () => {
    const view = await db.app.run(me, (ctx) => getCustomer(ctx, id));
    return { at: view.marketingChangedAt, by: view.marketingSource };
  };
  const before = await consent();
  expect(before.by).toBe('registration');
  await db.app.run(me, (ctx) => updateProfile(ctx, id, { lastName: 'Obi', acceptsMarketing: true }));
  expect(await consent()).toEqual(before);
  const profile = await db.app.run(me, (ctx) => updateProfile(ctx, id, { acceptsMarketing: false, phone: null }));
  expect(profile).toMatchObject({ lastName: 'Obi', acceptsMarketing: false });
  expect((await consent()).by).toBe('account');
});

test("another company's customer, group and address are not there", async () => {
  const [one, two] = [await given(), await given()];
  const { id } = await one.customers.register();
  const address = await db.app.run(one.clerk, (ctx) => addAddress(ctx, id, { address: LAGOS })).catch(() => undefined);
  expect(address).toBeUndefined(); // staff write no address book: without a note the write is undone
  const me = await one.customers.as(id);
  const own = await db.app.run(me, (ctx) => addAddress(ctx, id, { address: LAGOS }));
  const stranger = await two.customers.register();
  const them = await two.customers.as(stranger.id);
  await expect(db.app.run(two.clerk, (ctx) => getCustomer(ctx, id))).rejects.toBeInstanceOf(NotFound);
  await expect(db.app.run(them, (ctx) => getAddress(ctx, stranger.id, own.id))).rejects.toBeInstanceOf(NotFound);
  const neighbour = await one.customers.register();
  await expect(db.app.run(me, (ctx) => deleteAddress(ctx, neighbour.id, own.id))).rejects.toBeInstanceOf(NotFound);
  const group = await db.app.run(two.clerk, (ctx) => createGroup(ctx, { name: 'G', description: '' }));
  const joining = db.app.run(two.clerk, (ctx) => addMembers(ctx, group.id, [stranger.id, id]));
  await expect(joining).rejects.toMatchObject({ faults: [{ pointer: '/customerIds/1' }] });
});

test('of addresses set as default at the same moment one is, for shipping and for billing each', async () => {
  await warmUp(db);
  const { customers } = await given();
  const { id } = await customers.register();
  const me = await customers.as(id);
  const both = { isDefaultShipping: true, isDefaultBilling: true };
  const made = await Promise.all(
    Array.from({ length: 6 }, () => db.app.run(me, (ctx) => addAddress(ctx, id, { address: LAGOS, ...both }))),
  );
  const book = () => db.app.run(me, (ctx) => listAddresses(ctx, id, { limit: 100 }));
  const defaults = async () => (await book()).data.filter((one) => one.isDefaultShipping || one.isDefaultBilling);
  expect(await defaults()).toHaveLength(1);
  await Promise.all(
    made.map((one) => db.app.run(me, (ctx) => updateAddress(ctx, id, one.id, { isDefaultShipping: true }))),
  );
  const after = await defaults();
  expect(after.filter(({ isDefaultShipping }) => isDefaultShipping)).toHaveLength(1);
  expect(after.filter(({ isDefaultBilling }) => isDefaultBilling)).toHaveLength(1);
});

test('the first address is the default for both, and an address book has an end', async () => {
  const { customers } = await given();
  const { id } = await customers.register();
  const me = await customers.as(id);
  const add = () => db.app.run(me, (ctx) => addAddress(ctx, id, { address: LAGOS }));
  expect(await add()).toMatchObject({ isDefaultShipping: true, isDefaultBilling: true });
  const second = await add();
  expect(second).toMatchObject({ isDefaultShipping: false, isDefaultBilling: false });
  for (let i = 2; i < ADDRESSES_MAX; i++) await add();
  await expect(add()).rejects.toBeInstanceOf(AddressBookFull);
  await db.app.run(me, (ctx) => deleteAddress(ctx, id, second.id));
  await add();
});

test('an address book that has addresses always has defaults: what stops being one hands it to the oldest of the others', async () => {
  const { customers } = await given();
  const { id } = await customers.register();
  const me = await customers.as(id);
  const add = (more = {}) => db.app.run(me, (ctx) => addAddress(ctx, id, { address: LAGOS, ...more }));
  const patch = (of: Id<'cadr'>, flags: object) => db.app.run(me, (ctx) => updateAddress(ctx, id, of, flags));
  const defaults = async () => {
    const { data } = await db.app.run(me, (ctx) => listAddresses(ctx, id, { limit: 100 }));
    return [data.find((one) => one.isDefaultShipping)?.id, data.find((one) => one.isDefaultBilling)?.id];
  };
  const first = await add({ isDefaultShipping: false, isDefaultBilling: false });
  expect(await defaults()).toEqual([first.id, first.id]);
  expect(await patch(first.id, { isDefaultShipping: false })).toMatchObject({ isDefaultShipping: true });
  const [second, third] = [await add(), await add({ isDefaultBilling: true })];
  expect(await patch(first.id, { isDefaultShipping: false })).toMatchObject({ isDefaultShipping: false });
  expect(await defaults()).toEqual([second.id, third.id]);
  await db.app.run(me, (ctx) => deleteAddress(ctx, id, third.id));
  expect(await defaults()).toEqual([second.id, first.id]);
  await db.app.run(me, (ctx) => deleteAddress(ctx, id, second.id));
  expect(await defaults()).toEqual([first.id, first.id]);
  await db.app.run(me, (ctx) => deleteAddress(ctx, id, first.id));
  expect(await defaults()).toEqual([undefined, undefined]);
});

test('nothing is written into the address book of somebody who was erased', async () => {
  const { shop, customers } = await given();
  const { id } = await customers.register();
  const me = await customers.as(id);
  const made = await db.app.run(me, (ctx) => addAddress(ctx, id, { address: LAGOS }));
  await db.admin`update customers set status = 'erased' where company_id = ${shop.companyId} and id = ${id}`;
  const works = [
    () => db.app.run(me, (ctx) => addAddress(ctx, id, { address: LAGOS })),
    () => db.app.run(me, (ctx) => updateAddress(ctx, id, made.id, { address: LAGOS })),
  ];
  for (const work of works) await expect(work()).rejects.toBeInstanceOf(CustomerErased);
});

test('a request names as many members of a group as a list in a body may have', () => {
  const ids = (count: number) => ({ customerIds: Array.from({ length: count }, () => newId('cus')) });
  expect(groupMembers.safeParse(ids(500)).success).toBe(true);
  expect(groupMembers.safeParse(ids(501)).success).toBe(false);
});

test('groups have names of their own, members come and go once, and deleting one leaves the customers', async () => {
  const { shop, customers, clerk } = await given();
  const { id } = await customers.register();
  const make = (name: string) => db.app.run(clerk, (ctx) => createGroup(ctx, { name, description: '' }));
  const group = await make('Wholesale');
  await expect(make('WHOLESALE')).rejects.toBeInstanceOf(CustomerGroupNameTaken);
  const club = await make('Club');
  const renamed = db.app.run(clerk, (ctx) => updateGroup(ctx, club.id, { name: 'wholesale' }, 1));
  await expect(renamed).rejects.toBeInstanceOf(CustomerGroupNameTaken);
  await db.app.run(clerk, (ctx) => addMembers(ctx, group.id, [id, id]));
  await db.app.run(clerk, (ctx) => addMembers(ctx, group.id, [id]));
  expect((await db.app.run(clerk, (ctx) => getCustomer(ctx, id))).groups).toEqual([
    { id: group.id, name: 'Wholesale' },
  ]);
  await db.app.run(clerk, (ctx) => removeMember(ctx, group.id, id));
  await db.app.run(clerk, (ctx) => removeMember(ctx, group.id, id));
  expect((await shop.eventsOf(group.id)).map(({ type, sequence }) => [type, sequence])).toEqual([
    ['customer_group.created', 1],
    ['customer_group.members_added', 2],
    ['customer_group.members_removed', 3],
  ]);
  await db.app.run(clerk, (ctx) => addMembers(ctx, club.id, [id]));
  await db.app.run(clerk, (ctx) => deleteGroup(ctx, club.id));
  const { data } = await db.app.run(clerk, (ctx) => listGroups(ctx, { limit: 20 }));
  expect(data.map(({ name }) => name)).toEqual(['Wholesale']);
  expect((await db.app.run(clerk, (ctx) => getCustomer(ctx, id))).groups).toEqual([]);
  const nobody = db.app.run(clerk, (ctx) => addMembers(ctx, group.id, [newId('cus')]));
  await expect(nobody).rejects.toBeInstanceOf(InvalidInput);
});
