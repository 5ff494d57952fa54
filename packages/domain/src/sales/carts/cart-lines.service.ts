import { inForce } from '../../catalog/listing/variant-text.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { quantityWords, unitsByVariant } from './cart-quantities.ts';
import { type CartScene, lockCart } from './cart-scene.service.ts';
import { type CartAt, cartWrite, EMPTY_EXPIRY, expiryText, writeCart } from './cart-writes.service.ts';
import { CartRefused } from './carts.errors.ts';

export const CART_LINES_MAX = 200;

/** What somebody puts into a cart. */
export interface WantedLine {
  readonly variantId: Id<'var'>;
  readonly quantity: number;
  readonly properties?: Readonly<Record<string, string>> | undefined;
}

/** What a shopper says about a line, in one form whatever the order it was said in. */
export const propertiesKeyOf = (properties: Readonly<Record<string, string>>): string => {
  const entries = Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? '' : JSON.stringify(entries);
};

/**
 * SQL of the queries that put lines in: `wanted` reads them from JSON, `added` writes those whose variant is the company's.
 * The same variant with the same properties adds up. `cart` names a query with `id` and `currency`.
 */
export const addingTexts = (cart: string, lines: string, company: string): string[] => [
  `wanted as (
    select * from json_to_recordset(${lines}::text::json) as w(id text collate "C", variant_id text collate "C",
      quantity integer, properties jsonb, properties_key text collate "C")
  )`,
  `added as (
    insert into cart_lines (company_id, id, cart_id, variant_id, quantity, properties, properties_key, unit_amount_added)
    select ${company}, w.id, ${cart}.id, v.id, w.quantity, w.properties, w.properties_key, price.amount
    from ${cart} cross join wanted w
    cross join lateral (select * from product_variants one where one.company_id = ${company} and one.id = w.variant_id offset 0) v
    left join lateral (${inForce('v', company, `${cart}.currency`)}) price on true
    on conflict (company_id, cart_id, variant_id, properties_key) do update
      set quantity = least(cart_lines.quantity::bigint + excluded.quantity, 2147483647)::int,
        unit_amount_added = excluded.unit_amount_added
    returning id
  )`,
];

/** Lines as `addingTexts` takes them; what is the same is added up, for one statement writes a row once. */
export function wantedJson(lines: readonly WantedLine[]): { json: string; count: number } {
  const byKey = new Map<
    string,
    { id: Id<'cli'>; variant_id: string; quantity: number; properties: object; properties_key: string }
  >();
  for (const { variantId, quantity, properties = {} } of lines) {
    const propertiesKey = propertiesKeyOf(properties);
    const key = `${variantId}|${propertiesKey}`;
    const before = byKey.get(key);
    if (before) before.quantity += quantity;
    else
      byKey.set(key, { id: newId('cli'), variant_id: variantId, quantity, properties, properties_key: propertiesKey });
  }
  return { json: JSON.stringify([...byKey.values()]), count: byKey.size };
}

const ADD = cartWrite<'lines'>((of, company) => ({
  also: addingTexts('touched', of('lines'), company),
  counts: 'added',
}));

/**
 * Puts a variant into a cart, more of it if it is there already. Two statements. Throws `NotFound` for a cart or variant
 * that is not there or not for sale, `CartRefused`, `CartClosed`, `VersionStale`.
 */
export async function addLine(ctx: Ctx, at: CartAt, line: WantedLine): Promise<CartScene> {
  const { json, count } = wantedJson([line]);
  const { scene, done } = await writeCart(ctx, at, ADD, { lines: json });
  refuseUnsellable(scene, [line], done < count, () => '/variantId');
  refuseTooMuch(scene, ({ variantId }) => variantId === line.variantId);
  return scene;
}

/**
 * Refuses what was just put in and cannot be sold: `NotFound` for what is not the company's or not shown to visitors,
 * `CartRefused` for gifts and for what has no price in the cart's currency.
 */
export function refuseUnsellable(
  { basket, shop }: CartScene,
  wanted: readonly WantedLine[],
  isMissing: boolean,
  pointerOf: (at: number) => string,
): void {
  const byVariant = new Map(basket.lines.map((line) => [line.variantId, line]));
  for (const [at, { variantId }] of wanted.entries()) {
    const line = byVariant.get(variantId);
    if (line?.isGift)
      throw new CartRefused(
        'gift_only',
        'This is given along with other goods and is not sold by itself.',
        pointerOf(at),
      );
    if (!line?.isForSale) throw new NotFound('variant', 'It may no longer be sold: read the product again.');
    if (line.unitAmount !== null) continue;
    const others = shop.currencies.filter((currency) => currency !== basket.currency);
    const wayOut = others.length > 0 ? ` A cart in another currency may take it: ${others.join(', ')}.` : '';
    const message = `This has no price in ${basket.currency}.${wayOut}`;
    throw new CartRefused('not_in_currency', message, pointerOf(at));
  }
  if (isMissing) throw new NotFound('variant');
}

/** Refuses a cart of too many lines, and too many of one thing of which a line was written. Throws `CartRefused`. */
export function refuseTooMuch(
  { basket, shop }: CartScene,
  isWritten: (line: CartScene['basket']['lines'][number]) => boolean,
  pointer = '/quantity',
): void {
  if (basket.lines.length > CART_LINES_MAX) {
    throw new CartRefused('too_many_lines', `A cart holds at most ${CART_LINES_MAX} lines. Remove some first.`);
  }
  const { lineQuantityMax } = shop.settings('checkout');
  const units = unitsByVariant(basket.lines);
  const isTooMuch = ({ variantId }: { variantId: Id<'var'> }) => (units.get(variantId) ?? 0) > lineQuantityMax;
  if (basket.lines.some((line) => isWritten(line) && isTooMuch(line)))
    throw new CartRefused('quantity_too_large', quantityWords(lineQuantityMax), pointer);
}

const SET_QUANTITY = cartWrite<'line' | 'quantity'>((of, company) => ({
  also: [
    `changed as (
      update cart_lines l set quantity = ${of('quantity')}::int from touched
      where l.company_id = ${company} and l.cart_id = touched.id and l.id = ${of('line')}::text returning l.id
    )`,
  ],
  counts: 'changed',
}));

// A cart with nothing left in it is kept as long as one that never had anything.
const REMOVE = cartWrite<'line'>((of, company) => ({
  expires: `case when exists (select from cart_lines l where l.company_id = ${company} and l.cart_id = c.id
      and l.id <> ${of('line')}::text) then ${expiryText(company, 'c.customer_id')} else ${EMPTY_EXPIRY} end`,
  also: [
    `gone as (
      delete from cart_lines l using touched
      where l.company_id = ${company} and l.cart_id = touched.id and l.id = ${of('line')}::text returning l.id
    )`,
  ],
  counts: 'gone',
}));

// The line with the new words may be there already: then that one takes this one in.
const SET_PROPERTIES = cartWrite<'line' | 'quantity' | 'properties' | 'propertiesKey'>((of, company) => ({
  also: [
    `mine as (
      select l.id, l.variant_id, coalesce(${of('quantity')}::int, l.quantity) as quantity from cart_lines l, touched
      where l.company_id = ${company} and l.cart_id = touched.id and l.id = ${of('line')}::text
    )`,
    `same as (
      update cart_lines l set quantity = least(l.quantity::bigint + mine.quantity, 2147483647)::int from touched, mine
      where l.company_id = ${company} and l.cart_id = touched.id and l.variant_id = mine.variant_id
        and l.properties_key = ${of('propertiesKey')}::text and l.id <> mine.id returning l.id
    )`,
    `gone as (
      delete from cart_lines l using mine
      where l.company_id = ${company} and l.id = mine.id and exists (select from same) returning l.id
    )`,
    `changed as (
      update cart_lines l set quantity = mine.quantity, properties = ${of('properties')}::text::jsonb,
        properties_key = ${of('propertiesKey')}::text
      from mine where l.company_id = ${company} and l.id = mine.id and not exists (select from same) returning l.id
    )`,
    'written as (select id from gone union all select id from changed)',
  ],
  counts: 'written',
}));

export interface LineChange {
  /** 0 removes the line. */
  readonly quantity?: number | undefined;
  readonly properties?: Readonly<Record<string, string>> | undefined;
}

/**
 * Changes a line: how many, or what the shopper says about it. Two statements, three with properties. Throws `NotFound`
 * for a cart or line that is not there, `CartRefused`, `CartClosed`, `VersionStale`.
 */
export async function changeLine(ctx: Ctx, at: CartAt, lineId: Id<'cli'>, change: LineChange): Promise<CartScene> {
  const { quantity, properties } = change;
  if (quantity === 0) return removeLine(ctx, at, lineId);
  if (properties === undefined) {
    if (quantity === undefined) throw new Error('unreachable: the contract asks for one of them');
    const { scene, done } = await writeCart(ctx, at, SET_QUANTITY, { line: lineId, quantity });
    if (done === 0) throw new LineNotFound();
    refuseTooMuch(scene, ({ id }) => id === lineId);
    return scene;
  }
  // Locked first: which line it falls together with is decided by what is read, and that has to be the latest.
  const [, { scene, done }] = await Promise.all([
    lockCart(ctx, at.id, at.access),
    writeCart(ctx, at, SET_PROPERTIES, {
      line: lineId,
      quantity: quantity ?? null,
      properties: JSON.stringify(properties),
      propertiesKey: propertiesKeyOf(properties),
    }),
  ]);
  if (done === 0) throw new LineNotFound();
  const key = propertiesKeyOf(properties);
  refuseTooMuch(scene, ({ id }) => propertiesKeyOf(scene.lines.get(id)?.properties ?? {}) === key);
  return scene;
}

/** Takes a line out. Two statements. Throws `NotFound` for a cart or line that is not there, `CartClosed`, `VersionStale`. */
export async function removeLine(ctx: Ctx, at: CartAt, lineId: Id<'cli'>): Promise<CartScene> {
  const { scene, done } = await writeCart(ctx, at, REMOVE, { line: lineId });
  if (done === 0) throw new LineNotFound();
  return scene;
}

class LineNotFound extends NotFound {
  constructor() {
    super('line in this cart');
  }
}
