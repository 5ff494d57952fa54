import { sql } from 'drizzle-orm';
import { getSettings } from '../../company/settings/settings.service.ts';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { FieldFault } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { emitAll } from '../../kernel/outbox.ts';
import { mine } from '../../kernel/tables.ts';
import { refreshMemberships } from '../collections/memberships.service.ts';
import { refreshAvailability } from '../inventory/availability.service.ts';
import { stockLocations } from '../inventory/inventory.schema.ts';
import type { Cause } from '../inventory/levels.service.ts';
import { type OnHandCount, setOnHand } from '../inventory/stock.service.ts';
import { priceFaults } from '../prices/price-rules.ts';
import { changePrices, readPrices, refreshListingPrices } from '../prices/prices.service.ts';
import type { ProductWrite, ProductWritten, StoredProduct } from '../products/product-draft.ts';
import { lockProducts } from '../products/product-reader.service.ts';
import { raiseVersions, writeProducts } from '../products/product-writer.service.ts';
import { can } from '../products/products.access.ts';
import { productArchived, productCreated, productPublished, productUpdated } from './product-management.events.ts';
import type { ProductSave, ProductSaved } from './product-save.ts';
import { snapshotOf } from './product-snapshot.ts';

/** Up to this many products a save notes each of them in the audit log; the note on a larger one is its caller's. */
export const NOTED_ONE_BY_ONE_MAX = 20;

type Written = Exclude<ProductWritten, { outcome: 'refused' }>;

/** One save that was not refused, and what came of it. */
interface Done {
  at: number;
  save: ProductSave;
  written: Written;
  pricesChanged: number;
}

/**
 * Saves products with their prices and stock, and all that follows from it: listing prices, availability, collections,
 * events, audit notes, catalogue version. A number of statements that does not depend on how many products there are.
 * A product that needs an approval its saver cannot give becomes `pending_approval` instead of `active`.
 *
 * Refusals come back in the place of their save. A save of more than 20 products is noted by its caller. Throws as
 * `writeProducts` does.
 */
export async function saveProducts(
  ctx: Ctx,
  saves: readonly ProductSave[],
  cause: Cause = { type: 'product' },
): Promise<ProductSaved[]> {
  if (saves.length > NOTED_ONE_BY_ONE_MAX) await planAnew(ctx);
  const faults = await faultsBeside(ctx, saves);
  const accepted = saves.flatMap((save, at) => (faults.has(at) ? [] : [{ at, save }]));
  const writes = await asFarAsApproved(
    ctx,
    accepted.map(({ save }) => save),
  );
  const written = await writeProducts(ctx, writes);
  const results: ProductSaved[] = saves.map((_save, at) => ({ outcome: 'refused', faults: faults.get(at) ?? [NEVER] }));
  const done = accepted.flatMap(({ at, save }, place): Done[] => {
    const one = written[place];
    if (one?.outcome === 'refused') results[at] = one;
    return !one || one.outcome === 'refused' ? [] : [{ at, save, written: one, pricesChanged: 0 }];
  });
  await writePrices(ctx, done);
  const restocked = await writeStock(ctx, done, cause);
  const products = await afterwards(ctx, done, restocked);
  for (const { at, written: one, pricesChanged } of done) {
    const outcome = one.outcome === 'unchanged' && pricesChanged > 0 ? 'updated' : one.outcome;
    const product = products.get(one.product.id) ?? one.product;
    results[at] = { outcome, product, variants: one.variants, pricesChanged };
  }
  return results;
}

/**
 * For the rest of this transaction PostgreSQL plans each statement for the values it is given: then it looks long lists up
 * in a hash, and sees how large the tables are by now. A plan kept from when they were empty (a new company's first
 * import, before anything is analysed) compares every row of the company with every value of the list.
 */
const planAnew = (ctx: Ctx) => ctx.tx.execute(sql`set local plan_cache_mode = force_custom_plan`);

/** Stands where no refusal was given; every such place is filled before anybody sees it. */
const NEVER: FieldFault = { pointer: '', code: 'unsaved', message: 'This product was not saved.' };

/** Whether a product that this caller makes active has to wait for somebody else's approval. */
export async function needsApproval(ctx: Ctx): Promise<boolean> {
  if (ctx.actor.type === 'system' || ctx.permissions.has(can.approve)) return false;
  return (await getSettings(ctx, 'catalogue')).requireApproval;
}

async function asFarAsApproved(ctx: Ctx, saves: readonly ProductSave[]): Promise<readonly ProductWrite[]> {
  const isActive = saves.some(({ draft }) => draft.status === 'active');
  if (!isActive || !(await needsApproval(ctx))) return saves;
  const stored = await lockProducts(
    ctx,
    saves.flatMap(({ id }) => id ?? []),
  );
  return saves.map((save) => {
    const before = save.id === undefined ? undefined : stored.get(save.id)?.status;
    if (save.draft.status !== 'active' || before === 'active') return save;
    return { ...save, draft: { ...save.draft, status: 'pending_approval' }, submittedById: ctx.actor.id };
  });
}

/** What is wrong with prices and stock, by the place of the save. Found before anything is written. */
async function faultsBeside(
  ctx: Ctx,
  saves: readonly ProductSave[],
): Promise<Map<number, readonly [FieldFault, ...FieldFault[]]>> {
  const locationIds = saves.flatMap(({ stock = [] }) =>
    stock.flatMap((variant) => variant?.onHand.flatMap(({ locationId }) => locationId ?? []) ?? []),
  );
  const known = await knownLocations(ctx, locationIds);
  const faults = new Map<number, readonly [FieldFault, ...FieldFault[]]>();
  saves.forEach(({ prices = [], priceCurrencies, stock = [] }, at) => {
    const found = [
      ...prices.flatMap((drafts, variant) =>
        drafts ? priceFaults(drafts, `/variants/${variant}/prices`, priceCurrencies) : [],
      ),
      ...stock.flatMap((variant, place) =>
        (variant?.onHand ?? []).flatMap(({ locationId, quantity }, shelf) => {
          const where = `/variants/${place}/onHand/${shelf}`;
          if (!Number.isSafeInteger(quantity) || quantity < 0 || quantity > UNITS_MAX)
            return [{ pointer: where, code: 'out_of_range', message: `Expected 0 to ${UNITS_MAX} units.` }];
          if (locationId === undefined || known.has(locationId)) return [];
          const message = 'There is no such stock location in this company.';
          return [{ pointer: `${where}/locationId`, code: 'unknown_location', message }];
        }),
      ),
    ];
    const [first, ...others] = found;
    if (first) faults.set(at, [first, ...others]);
  });
  return faults;
}

/** What a level's counter holds, with room to add to it. */
const UNITS_MAX = 1_000_000_000;

async function knownLocations(ctx: Ctx, ids: readonly Id<'loc'>[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const rows = await ctx.tx
    .select({ id: stockLocations.id })
    .from(stockLocations)
    .where(mine(ctx, stockLocations, isAnyOf(stockLocations.id, new Set(ids))));
  return new Set(rows.map(({ id }) => id));
}

/** Writes the prices that are given, and notes in each `done` how many rows that changed. */
async function writePrices(ctx: Ctx, done: readonly Done[]): Promise<void> {
  const writes = done.flatMap(({ save, written }) =>
    written.variants.flatMap(({ id }, at) => {
      const prices = save.prices?.[at];
      return prices ? [{ variantId: id, prices, currencies: save.priceCurrencies }] : [];
    }),
  );
  const changed = await changePrices(ctx, writes);
  for (const one of done)
    one.pricesChanged = one.written.variants.reduce((sum, { id }) => sum + (changed.get(id) ?? 0), 0);
  // A variant that came or went changes what its product costs from, though no price was written.
  const others = done.filter(({ written, pricesChanged }) => pricesChanged === 0 && hasOtherVariants(written));
  await refreshListingPrices(
    ctx,
    others.map(({ written }) => written.product.id),
  );
}

function hasOtherVariants({ before, product }: Written): boolean {
  if (!before) return false; // a new product without prices has no listing price to put right
  const ids = new Set(before.variants.map(({ id }) => id));
  return ids.size !== product.variants.length || product.variants.some(({ id }) => !ids.has(id));
}

/** Counts in what is on hand; says of which products. */
async function writeStock(ctx: Ctx, done: readonly Done[], cause: Cause): Promise<Set<Id<'prod'>>> {
  const restocked = new Set<Id<'prod'>>();
  const counts = done.flatMap(({ save, written }) =>
    written.variants.flatMap(({ id: variantId, outcome }, at): OnHandCount[] => {
      const stock = save.stock?.[at];
      if (!stock || !(stock.alsoExisting || outcome === 'created')) return [];
      restocked.add(written.product.id);
      return stock.onHand.map((count) => ({ ...count, variantId }));
    }),
  );
  const changed = await setOnHand(ctx, counts, cause);
  return changed > 0 ? restocked : new Set();
}

/** What follows from a save. Gives the products whose version was raised for their prices alone. */
async function afterwards(
  ctx: Ctx,
  done: readonly Done[],
  restocked: ReadonlySet<Id<'prod'>>,
): Promise<Map<Id<'prod'>, StoredProduct>> {
  const told = done.filter(({ written, pricesChanged }) => written.outcome !== 'unchanged' || pricesChanged > 0);
  const ids = [...new Set([...told.map(({ written }) => written.product.id), ...restocked])].sort();
  if (ids.length === 0) return new Map();
  await refreshAvailability(ctx, ids);
  await refreshMemberships(ctx, ids);
  const repriced = told.flatMap(({ written }) => (written.outcome === 'unchanged' ? [written.product] : []));
  const raised = await raiseVersions(
    ctx,
    repriced.map(({ id }) => id),
  );
  const products = new Map(repriced.map((product) => [product.id, { ...product, ...raised.get(product.id) }]));
  await announce(ctx, told, products);
  if (done.length <= NOTED_ONE_BY_ONE_MAX) note(ctx, told, restocked, products);
  ctx.catalogueChanged();
  return products;
}

async function announce(
  ctx: Ctx,
  told: readonly Done[],
  raised: ReadonlyMap<Id<'prod'>, StoredProduct>,
): Promise<void> {
  const prices = await readPrices(
    ctx,
    told.flatMap(({ written }) => written.product.variants.map(({ id }) => id)),
  );
  const byEvent = new Map<ProductEvent, { aggregate: { id: string; sequence: number }; data: EventData }[]>();
  for (const { written } of told) {
    const product = raised.get(written.product.id) ?? written.product;
    const event = eventOf(written);
    const announcements = byEvent.get(event) ?? [];
    announcements.push({
      aggregate: { id: product.id, sequence: product.eventSequence },
      data: { product: snapshotOf(product, prices) },
    });
    byEvent.set(event, announcements);
  }
  for (const [event, announcements] of byEvent) await emitAll(ctx, event, announcements);
}

type ProductEvent = typeof productCreated;
type EventData = { product: ReturnType<typeof snapshotOf> };

/** The event that says most about what happened. */
function eventOf({ outcome, before, product }: Written): ProductEvent {
  if (outcome === 'created') return productCreated;
  if (before?.status !== 'active' && product.status === 'active') return productPublished;
  return before?.status !== 'archived' && product.status === 'archived' ? productArchived : productUpdated;
}

function note(
  ctx: Ctx,
  told: readonly Done[],
  restocked: ReadonlySet<Id<'prod'>>,
  raised: ReadonlyMap<Id<'prod'>, StoredProduct>,
): void {
  const noted = new Set<string>();
  for (const { written, pricesChanged } of told) {
    const after = raised.get(written.product.id) ?? written.product;
    noted.add(after.id);
    ctx.audit({
      action: eventOf(written).type,
      entity: { type: 'product', id: after.id },
      before: written.before && auditView(written.before),
      after: { ...auditView(after), pricesChanged },
    });
  }
  for (const id of restocked)
    if (!noted.has(id)) ctx.audit({ action: 'product.restocked', entity: { type: 'product', id } });
}

/** A variant more or less says enough; two thousand of them twice would fill the log. */
const AUDITED_VARIANTS_MAX = 100;

const auditView = ({ variants, description, translations, ...product }: StoredProduct) => ({
  ...product,
  descriptionLength: description.length,
  languages: Object.keys(translations),
  variantCount: variants.length,
  variants: variants.slice(0, AUDITED_VARIANTS_MAX),
});
