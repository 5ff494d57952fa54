import { settingsFrom } from '../../company/settings/settings.service.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { VersionStale } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { type Parameters, parameters, runText, type TextStatement, type Value } from '../../kernel/text-statement.ts';
import { type CartAccess, opensTo } from './cart-access.ts';
import { CartNotFound, type CartScene, findCartScene } from './cart-scene.service.ts';
import { CartClosed } from './carts.errors.ts';

/** A customer comes back to what they collected; a guest on another device has no way to. */
export const CUSTOMER_CART_DAYS_MIN = 90;
export const EMPTY_CART_DAYS = 1;

/** Which cart, who asks, and the version they read if they said so. */
export interface CartAt {
  readonly id: Id<'cart'>;
  readonly access: CartAccess;
  readonly version?: number | undefined;
}

type AtName = 'company' | 'cart' | 'tokenHash' | 'customerId' | 'version';

/** A write of a cart: one statement that raises the cart's version under its lock and does the rest only if that worked. */
export interface CartWrite<Name extends string> extends TextStatement<AtName | Name> {}

interface WriteRow {
  readonly touched: number;
  readonly done: number;
}

/** What a write is made of: pieces of SQL that ask for their values by name. */
interface WriteParts {
  /** Assignments to columns of the cart, `c`. */
  readonly set?: string;
  /** Further queries of the `with`, each named, of which `touched(id, currency)` is the first. */
  readonly also?: readonly string[];
  /** The query of `also` whose rows are counted; without one the cart itself. */
  readonly counts?: string;
  readonly expires?: string;
}

/**
 * Makes the text of a write. The update of the cart's row comes first and takes its lock, so that writes of one cart come
 * one after the other; the rows that others changed meanwhile are read as they are then (each statement below writes the
 * rows it names, it does not decide by what it read before).
 */
export function cartWrite<Name extends string>(
  parts: (of: Parameters<AtName | Name>['of'], company: string) => WriteParts,
): CartWrite<Name> {
  const { of, names } = parameters<AtName | Name>();
  const company = `${of('company')}::text`;
  const { set, also = [], counts = 'touched', expires = expiryText(company, 'c.customer_id') } = parts(of, company);
  const text = `with touched as (
    update carts c set ${set ? `${set}, ` : ''}version = c.version + 1, updated_at = now(), expires_at = ${expires}
    where c.company_id = ${company} and c.id = ${of('cart')}::text and c.status = 'open'
      and ${opensTo('c', { tokenHash: of('tokenHash'), customerId: of('customerId') })}
      and (${of('version')}::int is null or c.version = ${of('version')}::int)
    returning c.id, c.currency
  )${also.map((query) => `, ${query}`).join('')}
  select (select count(*)::int from touched) as touched, (select count(*)::int from ${counts}) as done`;
  return { text, names };
}

/**
 * Writes a cart and reads it as it is then: two statements, sent in one go. Gives the scene, and of how many rows the
 * write's count was. Throws `NotFound`, `CartClosed`, `VersionStale`; whatever was written is then undone.
 */
export async function writeCart<Name extends string>(
  ctx: Ctx,
  at: CartAt,
  write: CartWrite<Name>,
  values: Readonly<Record<Name, Value>>,
): Promise<{ scene: CartScene; done: number }> {
  const { id: cart, access, version = null } = at;
  const { tokenHash, customerId } = access;
  const own = { company: ctx.companyId, cart, tokenHash, customerId, version };
  const all = { ...own, ...values } as Record<AtName | Name, Value>; // every name
  const [[row], scene] = await Promise.all([
    runText<WriteRow, AtName | Name>(ctx, write, all),
    findCartScene(ctx, cart, access),
  ]);
  if (!scene) throw new CartNotFound();
  if (!row || row.touched === 0) throw refusalOf(scene, at);
  return { scene, done: row.done };
}

/** Why an open cart's write did not find it. */
export function refusalOf({ cart }: CartScene, at: CartAt): Error {
  if (cart.status !== 'open') return new CartClosed(cart.status);
  if (at.version !== undefined && at.version !== cart.version) return new VersionStale('cart', cart.version);
  return new Error(`Cart ${cart.id} is open and was not written`);
}

/**
 * SQL: the next full hour. Time is counted from there, so that it stands still for most writes of a cart: a row none of whose
 * indexed columns change is updated within its page, and no index is written (PostgreSQL's HOT).
 */
const NEXT_HOUR = `(date_trunc('hour', now()) + interval '1 hour')`;

/** SQL: until when a cart that was just written is kept; up to an hour longer than the days say. */
export function expiryText(company: string, customerId: string): string {
  const own = `(select (s.overrides ->> 'abandonedCartDays')::numeric::int from company_settings s
      where s.company_id = ${company} and s."group" = 'privacy'
        and jsonb_typeof(s.overrides -> 'abandonedCartDays') = 'number')`;
  const days = `coalesce(${own}, ${settingsFrom('privacy', {}).abandonedCartDays})`;
  return `${NEXT_HOUR} + make_interval(days => case when ${customerId} is null then ${days}
      else greatest(${days}, ${CUSTOMER_CART_DAYS_MIN}) end)`;
}

/** SQL: until when an empty cart is kept. */
export const EMPTY_EXPIRY = `${NEXT_HOUR} + make_interval(days => ${EMPTY_CART_DAYS})`;
