import { desc, eq, sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound, VersionStale } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { keyset, type ListQuery, type Page, pageFrom } from '../../kernel/page.ts';
import { mine } from '../../kernel/tables.ts';
import {
  type NewShippingProfile,
  PROFILES_MAX,
  type ShippingProfilePatch,
  type ShippingProfileView,
} from './profiles.contract.ts';
import { DefaultProfileNeeded, ProfileHasOptions, ShippingLimitReached } from './shipping.errors.ts';
import { shippingProfileCreated, shippingProfileDeleted, shippingProfileUpdated } from './shipping.events.ts';
import { shippingOptions, shippingProfileProducts, shippingProfiles } from './shipping.schema.ts';

type ProfileId = Id<'shp'>;
export type ProfileRow = typeof shippingProfiles.$inferSelect;

const FIRST_PROFILE_NAME = 'All products';

/** The profile of products that are in none. Made if the company has none yet. */
export async function defaultProfileId(ctx: Ctx): Promise<ProfileId> {
  const find = () =>
    ctx.tx
      .select({ id: shippingProfiles.id })
      .from(shippingProfiles)
      .where(mine(ctx, shippingProfiles, eq(shippingProfiles.isDefault, true)));
  const [first] = await find();
  if (first) return first.id;
  // Two at once: they wait for each other here, and the second one finds what the first one made.
  await lockProfiles(ctx);
  const [meanwhile] = await find();
  return meanwhile?.id ?? (await insertProfile(ctx, FIRST_PROFILE_NAME, true)).id;
}

/** Profiles of the company, newest first. */
export async function listShippingProfiles(ctx: Ctx, { limit, after }: ListQuery): Promise<Page<ShippingProfileView>> {
  const { where, orderBy } = keyset({ columns: [shippingProfiles.id], direction: 'desc' }, after);
  const rows = await ctx.tx
    .select()
    .from(shippingProfiles)
    .where(mine(ctx, shippingProfiles, where))
    .orderBy(...orderBy)
    .limit(limit + 1);
  return pageFrom(rows, limit, (row) => [row.id], viewOf);
}

/** One profile. Throws `NotFound`. */
export async function getShippingProfile(ctx: Ctx, id: ProfileId): Promise<ShippingProfileView> {
  const [row] = await ctx.tx
    .select()
    .from(shippingProfiles)
    .where(mine(ctx, shippingProfiles, eq(shippingProfiles.id, id)));
  if (!row) throw new NotFound('shipping profile');
  return viewOf(row);
}

/** Makes a profile, without products and options; a company's first one is its default. Throws `ShippingLimitReached`. */
export async function createShippingProfile(ctx: Ctx, { name }: NewShippingProfile): Promise<ShippingProfileView> {
  await lockProfiles(ctx);
  const known = await ctx.tx
    .select({ isDefault: shippingProfiles.isDefault })
    .from(shippingProfiles)
    .where(mine(ctx, shippingProfiles))
    .orderBy(desc(shippingProfiles.isDefault))
    .limit(PROFILES_MAX);
  if (known.length >= PROFILES_MAX) throw new ShippingLimitReached(PROFILES_MAX, 'shipping profiles');
  return insertProfile(ctx, name, known[0]?.isDefault !== true);
}

/** Changes a profile. Made the default, it takes that from the one that was. Throws `NotFound`, `VersionStale`. */
export async function updateShippingProfile(
  ctx: Ctx,
  id: ProfileId,
  patch: ShippingProfilePatch,
  expectedVersion?: number,
): Promise<ShippingProfileView> {
  await lockProfiles(ctx);
  const before = await lockShippingProfile(ctx, id, expectedVersion);
  if (patch.isDefault && !before.isDefault) await dethrone(ctx);
  return changed(ctx, before, patch);
}

/** Deletes a profile; its products are sent by the default one. Throws `NotFound`, `VersionStale`, `DefaultProfileNeeded`, `ProfileHasOptions`. */
export async function deleteShippingProfile(ctx: Ctx, id: ProfileId, expectedVersion?: number): Promise<void> {
  await lockProfiles(ctx);
  const row = await lockShippingProfile(ctx, id, expectedVersion);
  if (row.isDefault) throw new DefaultProfileNeeded();
  const options = await ctx.tx.$count(shippingOptions, mine(ctx, shippingOptions, eq(shippingOptions.profileId, id)));
  if (options > 0) throw new ProfileHasOptions(options);
  await ctx.tx
    .delete(shippingProfileProducts)
    .where(mine(ctx, shippingProfileProducts, eq(shippingProfileProducts.profileId, id)));
  await ctx.tx.delete(shippingProfiles).where(mine(ctx, shippingProfiles, eq(shippingProfiles.id, id)));
  const shippingProfile = viewOf(row);
  ctx.audit({
    action: 'shipping_profile.deleted',
    entity: { type: 'shipping_profile', id },
    before: shippingProfile,
  });
  await emit(ctx, shippingProfileDeleted, {
    aggregate: { id, sequence: row.eventSequence + 1 },
    data: { shippingProfile },
  });
}

/** The profile as it is now; nobody deletes or changes it before this transaction ends. Throws `NotFound`, `VersionStale`. */
export async function lockShippingProfile(ctx: Ctx, id: ProfileId, expectedVersion?: number): Promise<ProfileRow> {
  const [row] = await ctx.tx
    .select()
    .from(shippingProfiles)
    .where(mine(ctx, shippingProfiles, eq(shippingProfiles.id, id)))
    .for('update');
  if (!row) throw new NotFound('shipping profile');
  if (expectedVersion !== undefined && expectedVersion !== row.version)
    throw new VersionStale('shipping profile', row.version);
  return row;
}

/** Announces that products came or went. `before` and `after` go into the audit note beside the profile. */
export async function announceProducts(
  ctx: Ctx,
  row: ProfileRow,
  note: { before: object; after: object },
): Promise<void> {
  await changed(ctx, row, {}, note);
}

/** Writes a change and tells it. */
async function changed(
  ctx: Ctx,
  before: ProfileRow,
  patch: { name?: string | undefined; isDefault?: boolean | undefined },
  note: { before: object; after: object } = { before: {}, after: {} },
): Promise<ShippingProfileView> {
  const { id } = before;
  const [row] = await ctx.tx
    .update(shippingProfiles)
    .set({
      ...patch,
      version: sql`${shippingProfiles.version} + 1`,
      eventSequence: sql`${shippingProfiles.eventSequence} + 1`,
      updatedAt: sql`now()`,
    })
    .where(mine(ctx, shippingProfiles, eq(shippingProfiles.id, id)))
    .returning();
  if (!row) throw new NotFound('shipping profile');
  const shippingProfile = viewOf(row);
  ctx.audit({
    action: 'shipping_profile.updated',
    entity: { type: 'shipping_profile', id },
    before: { ...viewOf(before), ...note.before },
    after: { ...shippingProfile, ...note.after },
  });
  await emit(ctx, shippingProfileUpdated, {
    aggregate: { id, sequence: row.eventSequence },
    data: { shippingProfile },
  });
  return shippingProfile;
}

async function dethrone(ctx: Ctx): Promise<void> {
  const [former] = await ctx.tx
    .select()
    .from(shippingProfiles)
    .where(mine(ctx, shippingProfiles, eq(shippingProfiles.isDefault, true)))
    .for('update');
  if (former) await changed(ctx, former, { isDefault: false });
}

async function insertProfile(ctx: Ctx, name: string, isDefault: boolean): Promise<ShippingProfileView> {
  const values = { companyId: ctx.companyId, id: newId('shp'), name, isDefault };
  const [row] = await ctx.tx.insert(shippingProfiles).values(values).returning();
  if (!row) throw new Error('The insert gave no row back');
  const shippingProfile = viewOf(row);
  ctx.audit({
    action: 'shipping_profile.created',
    entity: { type: 'shipping_profile', id: row.id },
    after: shippingProfile,
  });
  await emit(ctx, shippingProfileCreated, {
    aggregate: { id: row.id, sequence: row.eventSequence },
    data: { shippingProfile },
  });
  return shippingProfile;
}

const lockProfiles = (ctx: Ctx) =>
  ctx.tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`shipping_profiles|${ctx.companyId}`}, 0))`);

const viewOf = ({ companyId: _, eventSequence: __, ...row }: ProfileRow): ShippingProfileView => row;
