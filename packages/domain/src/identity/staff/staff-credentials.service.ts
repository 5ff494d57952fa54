import { eq } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { emailKey } from '../../kernel/text.ts';
import type { StaffView } from './staff.contract.ts';
import { staff } from './staff.schema.ts';
import { getStaff } from './staff.service.ts';

/** Who somebody is and the hash of their password, to make the same person in the company's sandbox. Never for a view. */
export async function staffCredentials(
  ctx: Ctx,
  id: Id<'stf'>,
): Promise<{ name: string; email: string; passwordHash: string }> {
  const [row] = await ctx.tx
    .select({ name: staff.name, email: staff.email, passwordHash: staff.passwordHash })
    .from(staff)
    .where(mine(ctx, staff, eq(staff.id, id)));
  if (!row) throw new NotFound('staff member');
  return row;
}

/** The person with this address, if there is one. */
export async function staffByEmail(ctx: Ctx, address: string): Promise<StaffView | undefined> {
  const [row] = await ctx.tx
    .select({ id: staff.id })
    .from(staff)
    .where(mine(ctx, staff, eq(staff.emailKey, emailKey(address))));
  return row && getStaff(ctx, row.id);
}
