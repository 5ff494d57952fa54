import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { SHIPPING_WORDS } from '../../pricing/totals/obstacle-words.ts';
import { reckon } from '../../pricing/totals/reckon.ts';
import type { Totals } from '../../pricing/totals/totals.ts';
import type { CartScene } from './cart-scene.service.ts';
import { type CartAt, cartWrite, writeCart } from './cart-writes.service.ts';
import { CartRefused } from './carts.errors.ts';

const CHOOSE = cartWrite<'option'>((of, company) => ({
  also: [
    `chosen as (
      insert into cart_shipping (company_id, cart_id, profile_id, shipping_option_id)
      select ${company}, touched.id, o.profile_id, o.id from touched, shipping_options o
      where o.company_id = ${company} and o.id = ${of('option')}::text and o.is_active
      on conflict (company_id, cart_id, profile_id) do update set shipping_option_id = excluded.shipping_option_id
      returning cart_id
    )`,
  ],
  counts: 'chosen',
}));

/**
 * Chooses how the goods of a profile are sent: once for each parcel. Two statements. Throws `NotFound` for a cart or an
 * option that is not there, `CartRefused` with the reason when it cannot be had for this cart, and as all writes do.
 */
export async function chooseShipping(
  ctx: Ctx,
  at: CartAt,
  optionId: Id<'sho'>,
): Promise<{ scene: CartScene; totals: Totals }> {
  const { scene, done } = await writeCart(ctx, at, CHOOSE, { option: optionId });
  if (done === 0) throw new NotFound('shipping option', 'GET /v1/carts/{id}/shipping-options lists those there are.');
  const totals = reckon(scene.basket);
  const quote = totals.quotes.flatMap(({ quotes }) => quotes).find(({ option }) => option.id === optionId);
  if (quote?.isAvailable) return { scene, totals };
  // An option of a zone elsewhere, or of goods that are not in the cart, is not even quoted.
  const words = SHIPPING_WORDS[quote ? quote.obstacle : whyNotQuoted(scene, totals)];
  throw new CartRefused('shipping_option_not_available', words, '/shippingOptionId');
}

const whyNotQuoted = ({ basket }: CartScene, { quotes }: Totals) =>
  basket.shipTo === null
    ? 'no_address'
    : basket.lines.some((line) => line.requiresShipping)
      ? quotes.some(({ quotes: own }) => own.some(({ isAvailable }) => isAvailable))
        ? 'not_delivered_to_place'
        : 'none_offered'
      : 'nothing_to_ship';
