import { and, eq, ne, or, sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { keyset, type ListQuery, type Page, pageFrom } from '../../kernel/page.ts';
import { mine } from '../../kernel/tables.ts';
import {
  ADDRESSES_MAX,
  type CustomerAddressPatch,
  type CustomerAddressView,
  type NewCustomerAddress,
} from './customer-addresses.contract.ts';
import { AddressBookFull } from './customer-addresses.errors.ts';
import { customerAddresses } from './customer-addresses.schema.ts';
import { CustomerErased } from './customers.errors.ts';
import { lockCustomer } from './customers.service.ts';

type Row = typeof customerAddresses.$inferSelect;
type Defaults = Pick<CustomerAddressPatch, 'isDefaultShipping' | 'isDefaultBilling'>;

/** A customer's addresses, the oldest first. */
export async function listAddresses(ctx: Ctx, of: Id<'cus'>, query: ListQuery): Promise<Page<CustomerAddressView>> {
  const { where, orderBy } = keyset({ columns: [customerAddresses.id], direction: 'asc' }, query.after);
  const rows = await ctx.tx
    .select()
    .from(customerAddresses)
    .where(mine(ctx, customerAddresses, eq(customerAddresses.customerId, of), where))
    .orderBy(...orderBy)
    .limit(query.limit + 1);
  return pageFrom(rows, query.limit, ({ id }) => [id], viewOf);
}

/** One address of this customer. Throws `NotFound`, for anybody else's as well. */
export async function getAddress(ctx: Ctx, of: Id<'cus'>, id: Id<'cadr'>): Promise<CustomerAddressView> {
  const [row] = await ctx.tx
    .select()
    .from(customerAddresses)
    .where(itsOwn(ctx, of, id));
  if (!row) throw new NotFound('address');
  return viewOf(row);
}

/** Adds an address; the first one is the default for both. Throws `NotFound`, `CustomerErased`, `AddressBookFull`. */
export async function addAddress(ctx: Ctx, of: Id<'cus'>, input: NewCustomerAddress): Promise<CustomerAddressView> {
  await lockBook(ctx, of);
  const [known] = await ctx.tx
    .select({ count: sql<number>`count(*)::int` })
    .from(customerAddresses)
    .where(mine(ctx, customerAddresses, eq(customerAddresses.customerId, of)));
  const count = known?.count ?? 0;
  if (count >= ADDRESSES_MAX) throw new AddressBookFull();
  const { address } = input;
  const isDefaultShipping = count === 0 || input.isDefaultShipping === true;
  const isDefaultBilling = count === 0 || input.isDefaultBilling === true;
  await stepBack(ctx, of, undefined, { isDefaultShipping, isDefaultBilling });
  const [row] = await ctx.tx
    .insert(customerAddresses)
    .values({
      companyId: ctx.companyId,
      id: newId('cadr'),
      customerId: of,
      address,
      isDefaultShipping,
      isDefaultBilling,
    })
    .returning();
  if (!row) throw new Error('an insert of an address returned no row');
  return viewOf(row);
}

/**
 * Changes an address. What becomes a default takes the place of the one before; what is to be one no more hands it to the
 * oldest of the others, and keeps it where there is no other. Throws `NotFound`, `CustomerErased`.
 */
export async function updateAddress(
  ctx: Ctx,
  of: Id<'cus'>,
  id: Id<'cadr'>,
  patch: CustomerAddressPatch,
): Promise<CustomerAddressView> {
  await lockBook(ctx, of);
  await getAddress(ctx, of, id);
  await stepBack(ctx, of, id, patch);
  await ctx.tx
    .update(customerAddresses)
    .set({ ...patch, updatedAt: sql`now()` })
    .where(itsOwn(ctx, of, id));
  if (patch.isDefaultShipping === false || patch.isDefaultBilling === false) await fillDefaults(ctx, of, id);
  return getAddress(ctx, of, id);
}

/**
 * Deletes an address; carts and orders keep their copies, and the oldest of the others is the default for what it was.
 * Throws `NotFound`, `CustomerErased`.
 */
export async function deleteAddress(ctx: Ctx, of: Id<'cus'>, id: Id<'cadr'>): Promise<void> {
  await lockBook(ctx, of);
  const gone = await ctx.tx
    .delete(customerAddresses)
    .where(itsOwn(ctx, of, id))
    .returning({ id: customerAddresses.id });
  if (gone.length === 0) throw new NotFound('address');
  await fillDefaults(ctx, of);
}

/** Deletes all addresses of somebody who is erased. */
export async function deleteAddresses(ctx: Ctx, of: Id<'cus'>): Promise<void> {
  await ctx.tx.delete(customerAddresses).where(mine(ctx, customerAddresses, eq(customerAddresses.customerId, of)));
}

/** Changes of one address book take turns, and nothing is written into that of somebody who was erased meanwhile. */
async function lockBook(ctx: Ctx, of: Id<'cus'>): Promise<void> {
  const { status } = await lockCustomer(ctx, of);
  if (status === 'erased') throw new CustomerErased();
}

/** Makes the oldest address the default of what has none; `last`: only if there is no other. The caller holds the book. */
async function fillDefaults(ctx: Ctx, of: Id<'cus'>, last?: Id<'cadr'>): Promise<void> {
  const rows = await ctx.tx
    .select()
    .from(customerAddresses)
    .where(mine(ctx, customerAddresses, eq(customerAddresses.customerId, of)))
    .orderBy(customerAddresses.id);
  const heir = rows.find(({ id }) => id !== last) ?? rows[0];
  if (!heir) return;
  const missing = {
    ...(!rows.some((row) => row.isDefaultShipping) && { isDefaultShipping: true }),
    ...(!rows.some((row) => row.isDefaultBilling) && { isDefaultBilling: true }),
  };
  if (Object.keys(missing).length === 0) return;
  await ctx.tx
    .update(customerAddresses)
    .set(missing)
    .where(itsOwn(ctx, of, heir.id));
}

/** Takes a default away from the address that has it, for another one. */
async function stepBack(
  ctx: Ctx,
  of: Id<'cus'>,
  other: Id<'cadr'> | undefined,
  { isDefaultShipping, isDefaultBilling }: Defaults,
): Promise<void> {
  if (!isDefaultShipping && !isDefaultBilling) return;
  await ctx.tx
    .update(customerAddresses)
    .set({
      ...(isDefaultShipping && { isDefaultShipping: false }),
      ...(isDefaultBilling && { isDefaultBilling: false }),
    })
    .where(
      mine(
        ctx,
        customerAddresses,
        eq(customerAddresses.customerId, of),
        other && ne(customerAddresses.id, other),
        or(
          isDefaultShipping ? eq(customerAddresses.isDefaultShipping, true) : undefined,
          isDefaultBilling ? eq(customerAddresses.isDefaultBilling, true) : undefined,
        ),
      ),
    );
}

const itsOwn = (ctx: Ctx, of: Id<'cus'>, id: Id<'cadr'>) =>
  mine(ctx, customerAddresses, and(eq(customerAddresses.customerId, of), eq(customerAddresses.id, id)));

const viewOf = ({ id, address, isDefaultShipping, isDefaultBilling, createdAt, updatedAt }: Row) => ({
  id,
  address,
  isDefaultShipping,
  isDefaultBilling,
  createdAt,
  updatedAt,
});
