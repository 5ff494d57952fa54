import type { PostalAddress } from '../../company/companies/postal-address.contract.ts';
import type { Instant } from '../../kernel/clock.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import type { CompanyId, Id } from '../../kernel/ids.ts';
import type { Currency } from '../../kernel/money.ts';
import { runText, type TextStatement } from '../../kernel/text-statement.ts';
import type { Place } from '../../pricing/tax/tax-facts.ts';
import type { Basket } from '../../pricing/totals/basket.ts';
import {
  type BasketRow,
  type BasketTerms,
  type CompleteBasket,
  completeBasket,
  readSteadily,
} from '../../pricing/totals/basket-facts.service.ts';
import type { GoodsFacts } from '../../pricing/totals/goods-facts.service.ts';
import type { BasketShop } from '../../pricing/totals/shop-facts.service.ts';
import type { CartAccess } from './cart-access.ts';
import { type JudgedBy, LOCK, OPENS, type SceneName, sceneText } from './cart-scene-text.ts';
import type { CartStatus } from './carts.schema.ts';

/** A cart's own row. */
export interface CartFacts {
  readonly id: Id<'cart'>;
  readonly customerId: Id<'cus'> | null;
  readonly status: CartStatus;
  readonly currency: Currency;
  readonly locale: string | null;
  readonly email: string | null;
  readonly emailKey: string | null;
  readonly phone: string | null;
  readonly note: string | null;
  readonly shippingAddress: PostalAddress | null;
  /** Null: the shipping address. */
  readonly billingAddress: PostalAddress | null;
  readonly version: number;
  readonly expiresAt: Instant;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}

/** What a cart says of a line besides what the catalogue says of it. */
export interface CartLineFacts {
  readonly id: Id<'cli'>;
  readonly properties: Readonly<Record<string, string>>;
  /** What one cost when it was put in, minor units; null: it was not sold in the cart's currency then. */
  readonly unitAmountAdded: bigint | null;
  /**
   * Units this cart can have now, with those its own unpaid order holds; null: as many as one likes. For a word to the
   * shopper: the truth is the reservation.
   */
  readonly available: number | null;
}

/** A cart with everything its totals depend on, as of one moment. */
export interface CartScene {
  readonly cart: CartFacts;
  readonly lines: ReadonlyMap<string, CartLineFacts>;
  readonly basket: Basket;
  readonly shop: BasketShop;
}

interface SceneRow extends CartFacts, BasketRow {
  /** What the smaller statement could not tell everything of; null: it told all there is. */
  readonly needsMore: 'shop' | 'cart' | null;
}

/** What the statement adds to each line of the basket. */
interface OwnOfLine {
  readonly id: Id<'cli'>;
  readonly variantId: Id<'var'>;
  readonly own: {
    readonly properties: Readonly<Record<string, string>>;
    readonly unitAmountAdded: string | null;
    /** Units of the variant that are there for this cart. */
    readonly free: number;
    /** Of a bundle: how often it is there, null where nobody counts. The smaller statement does not know. */
    readonly freeSets?: number | null;
  };
}

const PLAIN = sceneText({ isPlain: true, judgedBy: 'account' });
const WHOLE: Readonly<Record<JudgedBy, TextStatement<SceneName>>> = {
  account: sceneText({ isPlain: false, judgedBy: 'account' }),
  address: sceneText({ isPlain: false, judgedBy: 'address' }),
};

/** How long what turned out to need the whole statement is read by it at once. */
const WHOLE_MS = 60_000;
const WHOLE_MAX = 10_000;
/** Companies and carts, until when. Wrong here is slower and nothing else. */
const wholeUntil = new Map<CompanyId | Id<'cart'>, number>();

const needsWhole = (id: CompanyId | Id<'cart'>) => (wholeUntil.get(id) ?? 0) > Date.now();

/**
 * Reads a cart with all its totals depend on, in one statement. Undefined: there is none that opens to this access.
 *
 * What only staff change (settings, tax rates, shipping, what is sold) is not in it: the process remembers that, and the
 * statement says for which version of it it holds (`completeBasket`).
 *
 * The statement costs by its size, so there is a smaller one for most carts: a guest's, without codes, bundles and an order
 * that waits for its payment, where no automatic discount is active. It says whether it was enough; if not, the whole one is
 * read after it, and for a while in its place.
 */
export async function findCartScene(
  ctx: Ctx,
  cartId: Id<'cart'>,
  access: CartAccess,
  judgedBy: JudgedBy = 'account',
): Promise<CartScene | undefined> {
  const { tokenHash, customerId } = access;
  const values = { company: ctx.companyId, cart: cartId, tokenHash, customerId };
  const { scene } = await readSteadily(async () => {
    const attempt = async (isPlain: boolean): Promise<{ scene: CartScene | undefined } | undefined> => {
      const [row] = await runText<SceneRow, SceneName>(ctx, isPlain ? PLAIN : WHOLE[judgedBy], values);
      if (!row) return { scene: undefined };
      const made = row.needsMore === null ? await completeBasket(ctx, row, termsOf(row)) : undefined;
      if (isPlain && (row.needsMore !== null || (made && hasBundle(made)))) {
        needsWholeFrom(row.needsMore === 'shop' ? ctx.companyId : cartId);
        return attempt(false);
      }
      return made && { scene: sceneFrom(row, made) };
    };
    return attempt(access.customerId === null && !needsWhole(ctx.companyId) && !needsWhole(cartId));
  });
  return scene;
}

/** For a while the whole statement is taken at once. */
function needsWholeFrom(id: CompanyId | Id<'cart'>): void {
  if (wholeUntil.size >= WHOLE_MAX) wholeUntil.clear();
  wholeUntil.set(id, Date.now() + WHOLE_MS);
}

const hasBundle = ({ basket, goods }: CompleteBasket) =>
  basket.lines.some(({ variantId }) => goods.get(variantId)?.isBundle);

const termsOf = ({ shippingAddress, billingAddress, locale }: CartFacts): BasketTerms => ({
  shipTo: placeOf(shippingAddress),
  billTo: placeOf(billingAddress ?? shippingAddress),
  locale,
});

/** As `findCartScene`. Throws `NotFound`. */
export async function readCartScene(
  ctx: Ctx,
  cartId: Id<'cart'>,
  access: CartAccess,
  judgedBy?: JudgedBy,
): Promise<CartScene> {
  const scene = await findCartScene(ctx, cartId, access, judgedBy);
  if (!scene) throw new CartNotFound();
  return scene;
}

/**
 * Locks the cart's row and reads the cart: two statements, sent in one go. Not one: it would wait for another writer's
 * lock and then read the lines as they were before. Any status: look at `cart.status`. For a checkout: discounts are
 * judged by the address as well (`JudgedBy`). Throws `NotFound`.
 */
export async function lockCartScene(ctx: Ctx, cartId: Id<'cart'>, access: CartAccess): Promise<CartScene> {
  const [, scene] = await Promise.all([lockCart(ctx, cartId, access), readCartScene(ctx, cartId, access, 'address')]);
  return scene;
}

/** Locks the cart's row, if there is one that opens to this access. */
export async function lockCart(ctx: Ctx, cartId: Id<'cart'>, access: CartAccess): Promise<void> {
  await runText(ctx, LOCK, { company: ctx.companyId, cart: cartId, ...access });
}

/** One statement, nothing is locked. Throws `NotFound` for a cart that is not there or does not open to this access. */
export async function refuseNoAccess(ctx: Ctx, { id, access }: { id: Id<'cart'>; access: CartAccess }): Promise<void> {
  const found = await runText(ctx, OPENS, { company: ctx.companyId, cart: id, ...access });
  if (found.length === 0) throw new CartNotFound();
}

/** No such cart, or none that opens to whoever asks: the two must not differ. */
export class CartNotFound extends NotFound {
  constructor() {
    super(
      'cart',
      "Send the cart's token as X-Cart-Token. A cart that a customer claimed opens to that customer alone: send their access token.",
    );
  }
}

function sceneFrom(row: SceneRow, { basket, shop, goods }: CompleteBasket): CartScene {
  const { needsMore: _, basket_facts, ...cart } = row;
  const { lines } = basket_facts as { lines: OwnOfLine[] }; // as `sceneText` builds it
  const { backorder } = shop.settings('inventory');
  const own = lines.flatMap((line) => {
    const facts = goods.get(line.variantId);
    return facts ? [[line.id, ownOf(line, facts, backorder)] as const] : [];
  });
  return { cart, lines: new Map(own), basket, shop };
}

const placeOf = (address: PostalAddress | null): Place | null =>
  address && { country: address.country, region: address.region, postcode: address.postcode };

function ownOf({ id, own }: OwnOfLine, facts: GoodsFacts, shopBackorder: boolean): CartLineFacts {
  const { properties, unitAmountAdded, free, freeSets = null } = own;
  const { isBundle, tracksStock, backorder } = facts;
  const isUnlimited = !tracksStock || (backorder ?? (shopBackorder ? 'allow' : 'deny')) === 'allow';
  return {
    id,
    properties,
    unitAmountAdded: unitAmountAdded === null ? null : BigInt(unitAmountAdded),
    available: isBundle ? freeSets : isUnlimited ? null : free,
  };
}

/** What the statement that made an empty cart says of it: all there is to its scene but the shop. */
export interface NewCartRow extends CartFacts {
  readonly catalogueVersion: number;
  readonly at: Instant;
}

/**
 * The scene of a guest's cart that was made a moment ago and has nothing in it: one statement less. Undefined: staff wrote
 * something in between, and it has to be read.
 */
export async function sceneOfNewCart(
  ctx: Ctx,
  { catalogueVersion, at, ...cart }: NewCartRow,
): Promise<CartScene | undefined> {
  const nothing = { codes: [], shippingOptionIds: [], shippingProfileIds: [], lines: [], discounts: [] };
  const known = { at, version: catalogueVersion, currency: cart.currency, customer: null, hasOrdered: null };
  const made = await completeBasket(ctx, { basket_facts: { ...known, ...nothing } }, termsOf(cart));
  return made && { cart, lines: new Map(), basket: made.basket, shop: made.shop };
}
