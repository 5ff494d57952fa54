import { eq, sql } from 'drizzle-orm';
import { getCompany } from '../../company/companies/companies.service.ts';
import { getSettings } from '../../company/settings/settings.service.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { InvalidInput, NotFound, VersionStale } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { keyset, type Page, pageFrom } from '../../kernel/page.ts';
import { mine } from '../../kernel/tables.ts';
import { deletePrices, type Priced, replacePrices, withPrices } from './option-prices.service.ts';
import { refuseOddOption } from './option-rules.ts';
import {
  type NewShippingOption,
  OPTIONS_MAX,
  type ShippingOptionPatch,
  type ShippingOptionsQuery,
  type ShippingOptionView,
} from './options.contract.ts';
import { defaultProfileId } from './profiles.service.ts';
import { ShippingLimitReached } from './shipping.errors.ts';
import { shippingOptionCreated, shippingOptionDeleted, shippingOptionUpdated } from './shipping.events.ts';
import { shippingOptions, shippingProfiles, shippingZones } from './shipping.schema.ts';

type OptionId = Id<'sho'>;
type OptionRow = typeof shippingOptions.$inferSelect & Priced;

/** Options of the company in the order in which shoppers see them. */
export async function listShippingOptions(
  ctx: Ctx,
  { limit, after, zoneId, profileId }: ShippingOptionsQuery,
): Promise<Page<ShippingOptionView>> {
  const { position, id } = shippingOptions;
  const { where, orderBy } = keyset({ columns: [position, id], direction: 'asc' }, after);
  const isAsked = [
    zoneId === undefined ? undefined : eq(shippingOptions.zoneId, zoneId),
    profileId === undefined ? undefined : eq(shippingOptions.profileId, profileId),
  ];
  const rows = await ctx.tx
    .select()
    .from(shippingOptions)
    .where(mine(ctx, shippingOptions, ...isAsked, where))
    .orderBy(...orderBy)
    .limit(limit + 1);
  return pageFrom(await withPrices(ctx, rows), limit, (row) => [row.position, row.id], viewOf);
}

/** One option. Throws `NotFound`. */
export async function getShippingOption(ctx: Ctx, id: OptionId): Promise<ShippingOptionView> {
  const rows = await ctx.tx
    .select()
    .from(shippingOptions)
    .where(mine(ctx, shippingOptions, eq(shippingOptions.id, id)));
  const [row] = await withPrices(ctx, rows);
  if (!row) throw new NotFound('shipping option');
  return viewOf(row);
}

/** Makes an option. Throws `InvalidInput`, `ShippingLimitReached`. */
export async function createShippingOption(ctx: Ctx, input: NewShippingOption): Promise<ShippingOptionView> {
  const { rates, freeOver, profileId: wanted, ...about } = input;
  refuseOddOption(input);
  await refuseUnsoldCurrencies(ctx, rates);
  const profileId = wanted ?? (await defaultProfileId(ctx));
  await keepHome(ctx, { zoneId: about.zoneId, profileId });
  await lockOptions(ctx);
  if ((await ctx.tx.$count(shippingOptions, mine(ctx, shippingOptions))) >= OPTIONS_MAX)
    throw new ShippingLimitReached(OPTIONS_MAX, 'shipping options');
  const values = { ...about, profileId, companyId: ctx.companyId, id: newId('sho') };
  const [row] = await ctx.tx.insert(shippingOptions).values(values).returning();
  if (!row) throw new Error('The insert gave no row back');
  const prices = await replacePrices(ctx, row.id, { rates, freeOver });
  const shippingOption = viewOf({ ...row, ...prices });
  const entity = { type: 'shipping_option', id: row.id };
  ctx.audit({ action: 'shipping_option.created', entity, after: shippingOption });
  await emit(ctx, shippingOptionCreated, {
    aggregate: { id: row.id, sequence: row.eventSequence },
    data: { shippingOption },
  });
  return shippingOption;
}

/** Changes an option; carts ask anew, orders keep what they chose. Throws `NotFound`, `VersionStale`, `InvalidInput`. */
export async function updateShippingOption(
  ctx: Ctx,
  id: OptionId,
  patch: ShippingOptionPatch,
  expectedVersion?: number,
): Promise<ShippingOptionView> {
  const before = await lockOption(ctx, id, expectedVersion);
  const { rates, freeOver, ...about } = patch;
  refuseOddOption({ ...viewOf(before), ...patch });
  if (rates) await refuseUnsoldCurrencies(ctx, rates);
  await keepHome(ctx, about);
  const [row] = await ctx.tx
    .update(shippingOptions)
    .set({
      ...about,
      version: sql`${shippingOptions.version} + 1`,
      eventSequence: sql`${shippingOptions.eventSequence} + 1`,
      updatedAt: sql`now()`,
    })
    .where(mine(ctx, shippingOptions, eq(shippingOptions.id, id)))
    .returning();
  if (!row) throw new NotFound('shipping option');
  const prices = await replacePrices(ctx, id, { rates, freeOver }, before);
  const shippingOption = viewOf({ ...row, ...prices });
  ctx.audit({
    action: 'shipping_option.updated',
    entity: { type: 'shipping_option', id },
    before: viewOf(before),
    after: shippingOption,
  });
  await emit(ctx, shippingOptionUpdated, { aggregate: { id, sequence: row.eventSequence }, data: { shippingOption } });
  return shippingOption;
}

/** Deletes an option; carts that chose it choose again, orders keep it. Throws `NotFound`, `VersionStale`. */
export async function deleteShippingOption(ctx: Ctx, id: OptionId, expectedVersion?: number): Promise<void> {
  const row = await lockOption(ctx, id, expectedVersion);
  await deletePrices(ctx, id);
  await ctx.tx.delete(shippingOptions).where(mine(ctx, shippingOptions, eq(shippingOptions.id, id)));
  const shippingOption = viewOf(row);
  ctx.audit({ action: 'shipping_option.deleted', entity: { type: 'shipping_option', id }, before: shippingOption });
  await emit(ctx, shippingOptionDeleted, {
    aggregate: { id, sequence: row.eventSequence + 1 },
    data: { shippingOption },
  });
}

async function lockOption(ctx: Ctx, id: OptionId, expectedVersion: number | undefined): Promise<OptionRow> {
  const rows = await ctx.tx
    .select()
    .from(shippingOptions)
    .where(mine(ctx, shippingOptions, eq(shippingOptions.id, id)))
    .for('update');
  const [row] = await withPrices(ctx, rows);
  if (!row) throw new NotFound('shipping option');
  if (expectedVersion !== undefined && expectedVersion !== row.version)
    throw new VersionStale('shipping option', row.version);
  return row;
}

/** Whoever makes one counts them first: two at once take turns. */
const lockOptions = (ctx: Ctx) =>
  ctx.tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`shipping_options|${ctx.companyId}`}, 0))`);

/** Holds the zone and the profile an option is put into: nobody deletes them meanwhile. Throws `InvalidInput` where there is none. */
async function keepHome(
  ctx: Ctx,
  { zoneId, profileId }: { zoneId?: Id<'shz'> | undefined; profileId?: Id<'shp'> | undefined },
): Promise<void> {
  if (profileId !== undefined) {
    const isIt = mine(ctx, shippingProfiles, eq(shippingProfiles.id, profileId));
    const found = await ctx.tx.select({ id: shippingProfiles.id }).from(shippingProfiles).where(isIt).for('key share');
    if (found.length === 0) throw unknown('profile');
  }
  if (zoneId !== undefined) {
    const isIt = mine(ctx, shippingZones, eq(shippingZones.id, zoneId));
    const found = await ctx.tx.select({ id: shippingZones.id }).from(shippingZones).where(isIt).for('key share');
    if (found.length === 0) throw unknown('zone');
  }
}

/** An option without a price in a currency the shop sells in is offered to nobody. Throws `InvalidInput`. */
async function refuseUnsoldCurrencies(ctx: Ctx, rates: NewShippingOption['rates']): Promise<void> {
  const [{ currency }, { currencies }] = [await getCompany(ctx), await getSettings(ctx, 'general')];
  const sold = new Set([currency, ...currencies]);
  if (rates.length === 0 || rates.some(({ price }) => sold.has(price.currency))) return;
  const message = `The shop does not sell in any of these currencies, so nobody could choose this. Give a price in ${[...sold].join(' or ')}, or add the currency to the settings (general.currencies).`;
  throw new InvalidInput({ pointer: '/rates/0/price/currency', code: 'currency_not_sold', message });
}

function unknown(what: 'profile' | 'zone'): InvalidInput {
  const message = `There is no such shipping ${what}. GET /v1/shipping-${what}s lists them.`;
  return new InvalidInput({ pointer: `/${what}Id`, code: `unknown_${what}`, message });
}

const viewOf = ({ companyId: _, eventSequence: __, ...row }: OptionRow): ShippingOptionView => row;
