import { and, eq, isNull, sql } from 'drizzle-orm';
import { type CompanyMode, type CompanyStatus, companies } from '../../company/companies/companies.schema.ts';
import { companySettings } from '../../company/settings/settings.schema.ts';
import type { Instant } from '../../kernel/clock.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { statement } from '../../kernel/statement.ts';
import { mine } from '../../kernel/tables.ts';
import { type ApiKeyType, apiKeyOrigins, apiKeyScopes, apiKeys } from './api-keys.schema.ts';

/** What a key is good for, now. */
export interface KeyStanding {
  keyId: Id<'key'>;
  type: ApiKeyType;
  scopes: string[];
  /** Web origins it answers to: its own, else those of the storefront settings; empty means any. */
  origins: string[];
  expiresAt: Instant | null;
  companyStatus: CompanyStatus;
  companyMode: CompanyMode;
}

const findKey = statement((tx) =>
  tx
    .select({
      keyId: apiKeys.id,
      type: apiKeys.type,
      scopes: sql<string[]>`(select coalesce(jsonb_agg(s.scope order by s.scope), '[]') from ${apiKeyScopes} s
        where s.company_id = ${apiKeys.companyId} and s.api_key_id = ${apiKeys.id})`,
      ownOrigins: sql<string[]>`(select coalesce(jsonb_agg(o.origin order by o.origin), '[]') from ${apiKeyOrigins} o
        where o.company_id = ${apiKeys.companyId} and o.api_key_id = ${apiKeys.id})`,
      shopOrigins: sql<unknown>`(select g.overrides -> 'allowedOrigins' from ${companySettings} g
        where g.company_id = ${apiKeys.companyId} and g."group" = 'storefront')`,
      expiresAt: apiKeys.expiresAt,
      companyStatus: companies.status,
      companyMode: companies.mode,
    })
    .from(apiKeys)
    .innerJoin(companies, eq(companies.companyId, apiKeys.companyId))
    .where(
      and(
        eq(apiKeys.companyId, sql.placeholder('companyId')),
        eq(apiKeys.tokenHash, sql.placeholder('hash')),
        isNull(apiKeys.revokedAt),
        sql`(${apiKeys.expiresAt} is null or ${apiKeys.expiresAt} > now())`,
        sql`${companies.status} <> 'closed'`,
      ),
    ),
);

/**
 * Who a key is, in one query. Undefined for a key that is unknown here, revoked or expired (by the database's clock),
 * and for any key of a closed company: the door says the same to all of them.
 */
export async function keyStanding(ctx: Pick<Ctx, 'tx' | 'companyId'>, hash: string): Promise<KeyStanding | undefined> {
  const [row] = await findKey(ctx, { companyId: ctx.companyId, hash });
  if (!row) return undefined;
  const { ownOrigins, shopOrigins, ...standing } = row;
  const ofShop = Array.isArray(shopOrigins) ? shopOrigins.filter((origin) => typeof origin === 'string') : [];
  return { ...standing, origins: ownOrigins.length > 0 ? ownOrigins : ofShop };
}

/** What a secret key may do, by its id; undefined if it is unknown here, publishable, revoked or expired. */
export async function keyPermissions(ctx: Ctx, id: Id<'key'>): Promise<string[] | undefined> {
  const [row] = await ctx.tx
    .select({ hash: apiKeys.tokenHash })
    .from(apiKeys)
    .where(mine(ctx, apiKeys, eq(apiKeys.id, id), eq(apiKeys.type, 'secret')));
  return row && (await keyStanding(ctx, row.hash))?.scopes;
}
