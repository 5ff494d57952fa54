import type { Ctx } from '../../kernel/ctx.ts';
import { codeKeyOf } from '../../pricing/discounts/discount-codes.ts';
import { TOLD_AS_UNKNOWN } from '../../pricing/totals/obstacle-words.ts';
import { reckon } from '../../pricing/totals/reckon.ts';
import type { Totals } from '../../pricing/totals/totals.ts';
import type { CartScene } from './cart-scene.service.ts';
import { type CartAt, cartWrite, writeCart } from './cart-writes.service.ts';
import { CartRefused } from './carts.errors.ts';

export const CART_CODES_MAX = 10;

const ADD = cartWrite<'code' | 'codeKey'>((of, company) => ({
  also: [
    `added as (
      insert into cart_codes (company_id, cart_id, code_key, code, position)
      select ${company}, touched.id, ${of('codeKey')}::text, ${of('code')}::text, coalesce((select max(k.position)
        from cart_codes k where k.company_id = ${company} and k.cart_id = touched.id), 0) + 1 from touched
      on conflict (company_id, cart_id, code_key) do update set code = excluded.code
      returning cart_id
    )`,
  ],
}));

/**
 * Adds a code that gives something, or would if the cart were another (a higher subtotal, a known customer): the totals
 * say why not yet. Two statements. Throws `CartRefused` for a code that is unknown, over, paused or not begun, alike, and
 * as all writes of carts do. Guesses are counted by `carts.flow.ts`.
 */
export async function addCode(ctx: Ctx, at: CartAt, code: string): Promise<{ scene: CartScene; totals: Totals }> {
  const codeKey = codeKeyOf(code);
  const { scene } = await writeCart(ctx, at, ADD, { code, codeKey });
  if (scene.basket.codes.length > CART_CODES_MAX) {
    throw new CartRefused('too_many_codes', `A cart takes at most ${CART_CODES_MAX} codes. Remove one first.`, '/code');
  }
  const totals = reckon(scene.basket);
  const verdicts = totals.discounts.filter((verdict) => verdict.code !== null && codeKeyOf(verdict.code) === codeKey);
  const isKnown = ({ obstacle }: (typeof verdicts)[number]) =>
    obstacle === null || (obstacle !== 'unknown_code' && !TOLD_AS_UNKNOWN.has(obstacle));
  if (verdicts.some(isKnown)) return { scene, totals };
  throw new CartRefused(
    'discount_code_not_valid',
    'This code is not valid: check its spelling. It may also be over, or not have begun.',
    '/code',
  );
}

const REMOVE = cartWrite<'codeKey'>((of, company) => ({
  also: [
    `gone as (
      delete from cart_codes k using touched where k.company_id = ${company} and k.cart_id = touched.id
        and k.code_key = ${of('codeKey')}::text returning k.cart_id
    )`,
  ],
}));

/** Takes a code away; one that is not there is gone already. Two statements. Throws as all writes of carts do. */
export async function removeCode(ctx: Ctx, at: CartAt, code: string): Promise<CartScene> {
  return (await writeCart(ctx, at, REMOVE, { codeKey: codeKeyOf(code) })).scene;
}
