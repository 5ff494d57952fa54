import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound, PermissionMissing, VersionStale } from '../../kernel/errors.ts';
import { freeHandle, slugOf } from '../../kernel/handle.ts';
import type { Id } from '../../kernel/ids.ts';
import { can as inventory } from '../inventory/inventory.access.ts';
import { readPrices } from '../prices/prices.service.ts';
import type { ProductDraft, StoredProduct, TranslationDraft } from '../products/product-draft.ts';
import { handlesLike, lockProducts } from '../products/product-reader.service.ts';
import { refusalOf, StatusMoveRefused } from '../products/products.errors.ts';
import {
  type Cleaned,
  countsStock,
  placeInForm,
  saveOfCopy,
  saveOfNew,
  saveOfPatch,
  translationOf,
} from './product-forms.ts';
import type {
  NewProduct,
  ProductCopy,
  ProductPatch,
  ProductView,
  PublicationInput,
  RejectionInput,
  TranslationInput,
} from './product-management.contract.ts';
import { saveProducts } from './product-save.service.ts';
import type { ProductSave } from './product-save.ts';
import { viewProduct } from './product-views.service.ts';
import { STATUS_MOVES, type StatusMove } from './status-moves.ts';

type ProductId = Id<'prod'>;

/**
 * Makes a product with its variants, prices and stock. Throws `InvalidInput`, `HandleTaken`, `SkuTaken`, and
 * `PermissionMissing` where stock is counted in by somebody who may not.
 */
export async function createProduct(ctx: Ctx, form: Cleaned<NewProduct>): Promise<ProductView> {
  stockMayBeCounted(ctx, form);
  return saveOne(ctx, saveOfNew(form, form.handle ?? (await handleFor(ctx, form.title))), form);
}

/**
 * Changes a product; what the patch does not name stays. Throws `NotFound`, `VersionStale`, `InvalidInput`,
 * `HandleTaken`, `SkuTaken`, `PermissionMissing`.
 */
export async function updateProduct(
  ctx: Ctx,
  id: ProductId,
  patch: Cleaned<ProductPatch>,
  expectedVersion?: number,
): Promise<ProductView> {
  stockMayBeCounted(ctx, patch);
  const stored = await lockProduct(ctx, id, expectedVersion);
  return saveOne(ctx, saveOfPatch(stored, patch), { variants: [] });
}

/** Makes a draft like a product, with names of its own and nothing in stock. Throws `NotFound`, `HandleTaken`. */
export async function copyProduct(ctx: Ctx, id: ProductId, copy: ProductCopy): Promise<ProductView> {
  const original = await lockProduct(ctx, id);
  const title = copy.title ?? original.title;
  const handle = copy.handle ?? (await handleFor(ctx, title));
  const prices = await readPrices(
    ctx,
    original.variants.map((variant) => variant.id),
  );
  return saveOne(ctx, saveOfCopy(original, { title, handle }, prices), { variants: [] });
}

/**
 * Lets visitors see a product, from a time on and perhaps until one; what is published already keeps its beginning
 * unless another is given. Where an approval is needed it waits for that. Throws `NotFound`, `InvalidInput`.
 */
export const publishProduct = (
  ctx: Ctx,
  id: ProductId,
  { publishAt, unpublishAt }: PublicationInput,
  expectedVersion?: number,
) =>
  move(ctx, id, 'publication', expectedVersion, (stored) => ({
    publishedAt: publishAt ?? (stored.status === 'active' ? stored.publishedAt : ctx.now.toISOString()),
    unpublishAt: unpublishAt === undefined ? stillAhead(ctx, stored.unpublishAt) : unpublishAt,
  }));

/** Takes a product off the shop, or back from the archive or the queue for approval: a draft again. Throws `NotFound`. */
export const withdrawProduct = (ctx: Ctx, id: ProductId, expectedVersion?: number) =>
  move(ctx, id, 'withdrawal', expectedVersion, () => ({ publishedAt: null, unpublishAt: null }));

/** Puts a product away. It keeps its handle and SKUs, and can be published again. Throws `NotFound`. */
export const archiveProduct = (ctx: Ctx, id: ProductId, expectedVersion?: number) =>
  move(ctx, id, 'archival', expectedVersion, () => ({}));

/**
 * Lets what waits for an approval be seen, from the time that was asked for or now. Throws `NotFound`,
 * `StatusMoveRefused`, and `VersionStale` when it is no longer what the approver read.
 */
export const approveProduct = (ctx: Ctx, id: ProductId, expectedVersion?: number) =>
  move(ctx, id, 'approval', expectedVersion, ({ publishedAt, unpublishAt }) => ({
    publishedAt: stillAhead(ctx, publishedAt) ?? ctx.now.toISOString(),
    // An end that passed while it waited would hide it at once.
    unpublishAt: stillAhead(ctx, unpublishAt),
  }));

/** Gives what waits for an approval back as a draft, with the reason. Throws `NotFound`, `StatusMoveRefused`. */
export const rejectProduct = (ctx: Ctx, id: ProductId, { reason }: RejectionInput, expectedVersion?: number) =>
  move(ctx, id, 'rejection', expectedVersion, () => ({ publishedAt: null, unpublishAt: null }), reason);

/** Sets the words of a product in one language. Throws `NotFound`, `VersionStale`. */
export const translateProduct = (
  ctx: Ctx,
  id: ProductId,
  locale: string,
  words: Cleaned<TranslationInput>,
  expectedVersion?: number,
): Promise<ProductView> => withTranslation(ctx, id, locale, translationOf(words), expectedVersion);

/** Takes the words of one language away; without any it is fine. Throws `NotFound`. */
export const untranslateProduct = (ctx: Ctx, id: ProductId, locale: string): Promise<ProductView> =>
  withTranslation(ctx, id, locale, undefined);

async function withTranslation(
  ctx: Ctx,
  id: ProductId,
  locale: string,
  words: TranslationDraft | undefined,
  expectedVersion?: number,
): Promise<ProductView> {
  const stored = await lockProduct(ctx, id, expectedVersion);
  const { [locale]: _before, ...others } = stored.translations;
  const translations = words ? { ...others, [locale]: words } : others;
  return saveOne(ctx, { id, draft: { ...stored, translations } }, { variants: [] });
}

async function move(
  ctx: Ctx,
  id: ProductId,
  name: StatusMove,
  expectedVersion: number | undefined,
  change: (stored: StoredProduct) => Partial<ProductDraft>,
  rejectionReason: string | null = null,
): Promise<ProductView> {
  const stored = await lockProduct(ctx, id, expectedVersion);
  const { from, to, next } = STATUS_MOVES[name];
  if (!from.includes(stored.status)) throw new StatusMoveRefused(stored.status, to, next);
  const draft = { ...stored, ...change(stored), status: to };
  const isRejected = name === 'rejection';
  // A rejected one still says whose it was: they are the one to mend it.
  const submittedById = isRejected || to === stored.status ? stored.submittedById : null;
  const reason = to === stored.status ? stored.rejectionReason : rejectionReason;
  return saveOne(ctx, { id, draft, submittedById, rejectionReason: reason }, { variants: [] });
}

async function saveOne(ctx: Ctx, save: ProductSave, form: Pick<NewProduct, 'variants'>): Promise<ProductView> {
  const [saved] = await saveProducts(ctx, [save]);
  if (!saved) throw new Error('A save has an answer');
  if (saved.outcome === 'refused') {
    const [first, ...others] = saved.faults.map((fault) => placeInForm(form, fault));
    throw first ? refusalOf([first, ...others]) : new Error('A refusal says what is wrong');
  }
  return viewProduct(ctx, saved.product);
}

async function lockProduct(ctx: Ctx, id: ProductId, expectedVersion?: number): Promise<StoredProduct> {
  const stored = (await lockProducts(ctx, [id])).get(id);
  if (!stored) throw new NotFound('product');
  if (expectedVersion !== undefined && expectedVersion !== stored.version)
    throw new VersionStale('product', stored.version);
  return stored;
}

/** The title's own handle, or the first free one with a number after it. */
async function handleFor(ctx: Ctx, title: string): Promise<string> {
  const slug = slugOf(title, 'product');
  const taken = await handlesLike(ctx, slug);
  return freeHandle(slug, (handle) => taken.has(handle));
}

function stockMayBeCounted(ctx: Ctx, form: Parameters<typeof countsStock>[0]): void {
  if (ctx.actor.type === 'system' || ctx.permissions.has(inventory.write)) return;
  if (countsStock(form)) throw new PermissionMissing(inventory.write);
}

const stillAhead = (ctx: Ctx, time: string | null) => (time !== null && time > ctx.now.toISOString() ? time : null);
