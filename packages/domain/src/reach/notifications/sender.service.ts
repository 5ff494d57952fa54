import { sql } from 'drizzle-orm';
import { companies } from '../../company/companies/companies.schema.ts';
import { companySettings } from '../../company/settings/settings.schema.ts';
import { settingsFrom } from '../../company/settings/settings.service.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { mine } from '../../kernel/tables.ts';

/** Who mails of a company come from. */
export interface Sender {
  readonly companyName: string;
  /** Shown as the sender: what the settings say, else the company's name. */
  readonly senderName: string;
  /** Where answers go; null: to the deployment's address. */
  readonly replyTo: string | null;
  /** Where the company's shop is, if the settings say so; without a slash at its end. */
  readonly shopUrl: string | null;
}

type Overrides = Record<string, unknown> | null;
const overridesOf = (group: 'notification' | 'storefront') =>
  sql<Overrides>`(select g.overrides from ${companySettings} g
    where g.company_id = ${companies.companyId} and g."group" = ${group})`;

/** In one statement. */
export async function readSender(ctx: Ctx): Promise<Sender> {
  const [row] = await ctx.tx
    .select({
      name: companies.name,
      notification: overridesOf('notification'),
      storefront: overridesOf('storefront'),
    })
    .from(companies)
    .where(mine(ctx, companies));
  const { senderName, replyTo } = settingsFrom('notification', row?.notification ?? {});
  const { url } = settingsFrom('storefront', row?.storefront ?? {});
  const companyName = row?.name ?? '';
  return {
    companyName,
    senderName: senderName ?? companyName,
    replyTo,
    shopUrl: url?.replace(/\/+$/, '') ?? null,
  };
}
