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

/** Adds an address; the first one is the default for both. Throws `AddressBookFull`. */
export async function addAddress(ctx: Ctx, of: Id<'cus'>, input: NewCustomerAddress): Promise<CustomerAddressView> {
  await lockCustomer(ctx, of); // changes of one address book take turns
  const [known] = await ctx.tx
    .select({ count: sql<number>`count(*)::int` })
    .from(customerAddresses)
    .where(mine(ctx, customerAddresses, eq(customerAddresses.customerId, of)));
  const count = known?.count ?? 0;
  if (count >= ADDRESSES_MAX) throw new AddressBookFull();
  const { address, isDefaultShipping = count === 0, isDefaultBilling = count === 0 } = input;
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

/** Changes an address. What becomes a default takes the place of the one before. Throws `NotFound`. */
export async function updateAddress(
  ctx: Ctx,
  of: Id<'cus'>,
  id: Id<'cadr'>,
  patch: CustomerAddressPatch,
): Promise<CustomerAddressView> {
  await lockCustomer(ctx, of);
  await getAddress(ctx, of, id);
  await stepBack(ctx, of, id, patch);
  const [row] = await ctx.tx
    .update(customerAddresses)
    .set({ ...patch, updatedAt: sql`now()` })
    .where(itsOwn(ctx, of, id))
    .returning();
  if (!row) throw new NotFound('address');
  return viewOf(row);
}

/** Deletes an address; carts and orders keep their copies. Throws `NotFound`. */
export async function deleteAddress(ctx: Ctx, of: Id<'cus'>, id: Id<'cadr'>): Promise<void> {
  const gone = await ctx.tx
    .delete(customerAddresses)
    .where(itsOwn(ctx, of, id))
    .returning({ id: customerAddresses.id });
  if (gone.length === 0) throw new NotFound('address');
}

/** Deletes all addresses of somebody who is erased. */
export async function deleteAddresses(ctx: Ctx, of: Id<'cus'>): Promise<void> {
  await ctx.tx.delete(customerAddresses).where(mine(ctx, customerAddresses, eq(customerAddresses.customerId, of)));
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
