import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { endCustomerSessions } from '../customer-sessions/customer-sessions.service.ts';
import type { CustomerView } from '../customers/customers.contract.ts';
import { CustomerErased } from '../customers/customers.errors.ts';
import { customerDisabled, customerEnabled } from '../customers/customers.events.ts';
import { changeCustomer, getCustomer, lockCustomer } from '../customers/customers.service.ts';
import { voidLinks } from './customer-links.service.ts';

/** Shuts a customer out: their sessions and links end with the commit. Throws `NotFound`, `CustomerErased`. */
export async function disableCustomer(ctx: Ctx, id: Id<'cus'>): Promise<CustomerView> {
  const { status } = await lockCustomer(ctx, id);
  if (status === 'erased') throw new CustomerErased();
  if (status === 'disabled') return getCustomer(ctx, id);
  await endCustomerSessions(ctx, id, 'disabled');
  await voidLinks(ctx, id);
  ctx.touch(id);
  return changeCustomer(ctx, id, { status: 'disabled' }, { event: customerDisabled, action: 'customer.disabled' });
}

/** Lets a disabled customer log in again. Throws `NotFound`, `CustomerErased`. */
export async function enableCustomer(ctx: Ctx, id: Id<'cus'>): Promise<CustomerView> {
  const { status } = await lockCustomer(ctx, id);
  if (status === 'erased') throw new CustomerErased();
  if (status === 'active') return getCustomer(ctx, id);
  ctx.touch(id);
  return changeCustomer(ctx, id, { status: 'active' }, { event: customerEnabled, action: 'customer.enabled' });
}
