import { eq, sql } from 'drizzle-orm';
import { companies } from '../../company/companies/companies.schema.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { emailKey } from '../../kernel/text.ts';
import { customers } from '../customers/customers.schema.ts';

/** What proves who a customer is. Never leaves the domain. */
export interface CustomerCredentials {
  readonly customerId: Id<'cus'>;
  readonly email: string;
  readonly passwordHash: string;
  /** Active, in a company that is open. */
  readonly mayLogIn: boolean;
  readonly companyHandle: string;
}

/** The credentials that go with an address; undefined if nobody has it. Not for answers: they must not tell the two apart. */
export async function customerCredentialsByEmail(ctx: Ctx, email: string): Promise<CustomerCredentials | undefined> {
  const [row] = await read(ctx, eq(customers.emailKey, emailKey(email)));
  return row;
}

/** A customer's own credentials. Throws `NotFound`. */
export async function customerCredentialsOf(ctx: Ctx, id: Id<'cus'>): Promise<CustomerCredentials> {
  const [row] = await read(ctx, eq(customers.id, id));
  if (!row) throw new NotFound('customer');
  return row;
}

/** As `customerCredentialsOf`, with the row locked: two logins or changes take turns. */
export async function lockCustomerCredentials(ctx: Ctx, id: Id<'cus'>): Promise<CustomerCredentials> {
  const [row] = await read(ctx, eq(customers.id, id)).for('no key update', { of: customers });
  if (!row) throw new NotFound('customer');
  return row;
}

/** Notes a login in the row, and the same password hashed anew if `rehashed` is given. */
export async function recordCustomerLogin(ctx: Ctx, id: Id<'cus'>, rehashed?: string) {
  const [row] = await ctx.tx
    .update(customers)
    .set({ lastLoginAt: sql`now()`, ...(rehashed ? { passwordHash: rehashed } : {}) })
    .where(mine(ctx, customers, eq(customers.id, id)))
    .returning();
  if (!row) throw new NotFound('customer');
  return row;
}

const read = (ctx: Ctx, who: ReturnType<typeof eq>) =>
  ctx.tx
    .select({
      customerId: customers.id,
      email: customers.email,
      passwordHash: customers.passwordHash,
      mayLogIn: sql<boolean>`${customers.status} = 'active' and ${companies.status} = 'active'`,
      companyHandle: companies.handle,
    })
    .from(customers)
    .innerJoin(companies, mine(ctx, companies))
    .where(mine(ctx, customers, who));
