import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { emailKey } from '../../kernel/text.ts';
import { customerEmailChangeRequested } from '../customers/customers.events.ts';
import { customerByEmail, lockCustomer, nextCustomerEvent } from '../customers/customers.service.ts';
import { EmailUnchanged } from './customer-accounts.errors.ts';
import { openLink } from './customer-links.service.ts';

/**
 * Has a mail sent to the new address; it becomes the customer's when its link is opened (`verifyCustomer`). If it is
 * somebody else's, nothing is sent and the answer is the same. Throws `EmailUnchanged`.
 */
export async function requestEmailChange(ctx: Ctx, id: Id<'cus'>, newEmail: string): Promise<void> {
  const row = await lockCustomer(ctx, id);
  if (row.emailKey === emailKey(newEmail)) throw new EmailUnchanged();
  if (await customerByEmail(ctx, newEmail)) return;
  const privately = await openLink(ctx, id, 'email_change', newEmail);
  const { aggregate, customer } = await nextCustomerEvent(ctx, id);
  await emit(ctx, customerEmailChangeRequested, { aggregate, data: { customer, newEmail }, privately });
}
