import { sql } from 'drizzle-orm';
import { getSettings } from '../../company/settings/settings.service.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { FieldFault } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { emitAll } from '../../kernel/outbox.ts';
import { refreshMemberships } from '../collections/memberships.service.ts';
import { refreshAvailability } from '../inventory/availability.service.ts';
import type { Cause } from '../inventory/levels.service.ts';
import { type OnHandCount, setOnHand } from '../inventory/stock.service.ts';
import { refreshListingPrices } from '../prices/listing-prices.service.ts';
import { changePrices, type LockedGoods, type PricesWritten, readPrices } from '../prices/prices.service.ts';
import type { ProductWrite, ProductWritten, StoredProduct } from '../products/product-draft.ts';
import { lockProducts } from '../products/product-reader.service.ts';
import { raiseVersions, writeProducts } from '../products/product-writer.service.ts';
import { can } from '../products/products.access.ts';
import { productArchived, productCreated, productPublished, productUpdated } from './product-management.events.ts';
import type { ProductSave, ProductSaved } from './product-save.ts';
import { snapshotOf } from './product-snapshot.ts';
import { faultsBeside } from './save-faults.service.ts';

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
  if (saves.length > NOTED_ONE_BY_ONE_MAX && !ctx.isBatch) await planAnew(ctx); // a batch does so by itself
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
  const { prices } = await writePrices(ctx, done);
  const restocked = await writeStock(ctx, done, cause);
  const products = await afterwards(ctx, done, restocked, prices);
  for (const { at, written: one, pricesChanged } of done) {
    const outcome = one.outcome === 'unchanged' && pricesChanged > 0 ? 'updated' : one.outcome;
    const product = products.get(one.product.id) ?? one.product;
    results[at] = { outcome, product, variants: one.variants, pricesChanged };
  }
  return results;
}

/** What a save looks up, and what foreign keys point to. */
const LOOKED_UP = '{products,product_variants,product_options,prices,files,stock_levels}';

/**
 * Until these tables have been analysed (a new deployment's first minute), PostgreSQL plans each statement of this
 * transaction for the values it is given, the checks of foreign keys among them. A plan kept from when the tables were
 * empty walks all of the company's rows for each value: 10,000 variants took two minutes. Once they have been analysed
 * kept plans are right, and planning every check anew would cost more than the check.
 */
const planAnew = (ctx: Ctx) =>
  ctx.tx.execute(sql`select set_config('plan_cache_mode', 'force_custom_plan', true) from pg_class
    where oid = any(${LOOKED_UP}::regclass[]) and reltuples < 0 limit 1`);

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

/** Writes the prices that are given, and notes in each `done` how many rows that changed. */
async function writePrices(ctx: Ctx, done: readonly Done[]): Promise<PricesWritten> {
  const writes = done.flatMap(({ save, written }) =>
    written.variants.flatMap(({ id, isRevived }, at) => {
      const prices = save.prices?.[at];
      // What it cost when it was taken off the shop is nobody's price of today.
      if (isRevived) return [{ variantId: id, prices: prices ?? [] }];
      return prices ? [{ variantId: id, prices, currencies: save.priceCurrencies }] : [];
    }),
  );
  const pricesWritten = await changePrices(ctx, writes, lockedGoods(done));
  for (const one of done)
    one.pricesChanged = one.written.variants.reduce((sum, { id }) => sum + (pricesWritten.changed.get(id) ?? 0), 0);
  // A variant that came or went changes what its product costs from, though no price was written.
  const others = done.filter(({ written, pricesChanged }) => pricesChanged === 0 && hasOtherVariants(written));
  await refreshListingPrices(
    ctx,
    others.map(({ written }) => written.product.id),
  );
  return pricesWritten;
}

/** `writeProducts` has locked the products, or made them. */
function lockedGoods(done: readonly Done[]): LockedGoods {
  const productOf = new Map<Id<'var'>, Id<'prod'>>();
  const isNew = new Set<Id<'var'>>();
  for (const { written } of done) {
    for (const { id } of written.product.variants) productOf.set(id, written.product.id);
    for (const { id, outcome, isRevived } of written.variants) if (outcome === 'created' && !isRevived) isNew.add(id);
  }
  return { productOf, isNew };
}

function hasOtherVariants({ before, product }: Written): boolean {
  if (!before) return false; // a new product without prices has no listing price to put right
  const ids = new Set(before.variants.map(({ id }) => id));
  return ids.size !== product.variants.length || product.variants.some(({ id }) => !ids.has(id));
}

/** Counts in what is on hand; says of which products that changed the count. */
async function writeStock(ctx: Ctx, done: readonly Done[], cause: Cause): Promise<Set<Id<'prod'>>> {
  const productOf = new Map<Id<'var'>, Id<'prod'>>();
  const counts = done.flatMap(({ save, written }) =>
    written.variants.flatMap(({ id: variantId, outcome, isRevived }, at): OnHandCount[] => {
      const stock = save.stock?.[at];
      const isCounted = stock && (stock.alsoExisting || outcome === 'created' || isRevived);
      if (!isCounted || written.product.kind === 'bundle') return [];
      productOf.set(variantId, written.product.id);
      return stock.onHand.map((count) => ({ ...count, variantId }));
    }),
  );
  const changed = await setOnHand(ctx, counts, cause);
  return new Set([...changed].flatMap((variantId) => productOf.get(variantId) ?? []));
}

/** What follows from a save. Gives the products whose version was raised for their prices alone. */
async function afterwards(
  ctx: Ctx,
  done: readonly Done[],
  restocked: ReadonlySet<Id<'prod'>>,
  pricesNow: PricesWritten['prices'],
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
  await announce(ctx, told, products, pricesNow);
  if (done.length <= NOTED_ONE_BY_ONE_MAX) note(ctx, told, restocked, products);
  ctx.catalogueChanged();
  return products;
}

async function announce(
  ctx: Ctx,
  told: readonly Done[],
  raised: ReadonlyMap<Id<'prod'>, StoredProduct>,
  pricesNow: PricesWritten['prices'],
): Promise<void> {
  const variantIds = told.flatMap(({ written }) => written.product.variants.map(({ id }) => id));
  const others = await readPrices(
    ctx,
    variantIds.filter((id) => !pricesNow.has(id)),
  );
  const prices = new Map([...pricesNow, ...others]);
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
