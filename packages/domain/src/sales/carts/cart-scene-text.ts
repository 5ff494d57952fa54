import { instantText } from '../../catalog/listing/listing-text.ts';
import { sellable } from '../../catalog/listing/variant-text.ts';
import { settingsFrom } from '../../company/settings/settings.service.ts';
import { ownVersionText } from '../../kernel/catalogue-version-reader.ts';
import { parameters, type TextStatement } from '../../kernel/text-statement.ts';
import { hasOrderedText } from '../../pricing/discounts/customer-history.service.ts';
import { basketColumns } from '../../pricing/totals/basket-facts.service.ts';
import { opensTo } from './cart-access.ts';
import { heldUnitsText, pendingOrderText } from './cart-orders.service.ts';

export type SceneName = 'company' | 'cart' | 'tokenHash' | 'customerId';

/**
 * By what the past of who buys is judged, for discounts on a first order and limits per customer.
 *
 * - `account`: a cart that is looked at knows its customer, and takes a guest for new as soon as there is an address.
 *   Anybody can write any address into a cart: if the totals told at once whether it has bought here, they would tell it of
 *   everybody's address.
 * - `address`: a checkout also looks at the address. If that makes another total, it says so (`total_changed`), with the
 *   reason and the total it does come to, which can then be agreed to.
 */
export type JudgedBy = 'account' | 'address';

/** Finds the cart, if it opens to whoever asks. */
export const OPENS: TextStatement<SceneName> = openText('');
/** As `OPENS`, and locks its row. */
export const LOCK: TextStatement<SceneName> = openText(' for update');

function openText(lock: '' | ' for update'): TextStatement<SceneName> {
  const { of, names } = parameters<SceneName>();
  const text = `select c.id from carts c where c.company_id = ${of('company')} and c.id = ${of('cart')}
    and ${opensTo('c', { tokenHash: of('tokenHash'), customerId: of('customerId') })}${lock}`;
  return { text, names };
}

/** Of the table, in the order of `CartFacts`. */
const COLUMNS = [
  'id',
  'customer_id',
  'status',
  'currency',
  'locale',
  'email',
  'email_key',
  'phone',
  'note',
  'shipping_address',
  'billing_address',
  'version',
  'expires_at',
  'created_at',
  'updated_at',
] as const;

/** SQL of the columns of `CartFacts`, of a row with those of the table. */
const cartColumns = (cart: string): string =>
  `${cart}.id, ${cart}.customer_id as "customerId", ${cart}.status, ${cart}.currency, ${cart}.locale, ${cart}.email,
    ${cart}.email_key as "emailKey", ${cart}.phone, ${cart}.note, ${cart}.shipping_address as "shippingAddress",
    ${cart}.billing_address as "billingAddress", ${cart}.version, ${instantText(`${cart}.expires_at`)} as "expiresAt",
    ${instantText(`${cart}.created_at`)} as "createdAt", ${instantText(`${cart}.updated_at`)} as "updatedAt"`;

/** SQL of the columns of `NewCartRow`. */
export const newCartColumns = (cart: string, company: string): string =>
  `${cartColumns(cart)}, ${ownVersionText(company)} as "catalogueVersion", ${instantText('now()')} as at`;

/** The columns of `carts` that `newCartColumns` asks for. */
export const NEW_CART_RETURNS = COLUMNS.join(', ');

const OWN_TEXTS = { cartId: 'cart.id', shippingProfileIds: 'basket.shipping_profile_ids' } as const;

/**
 * Of everything a cart's totals depend on but what processes remember of the shop and its goods. `isPlain`: the smaller
 * statement, which says whether it was enough (`needsMore`). `offset 0` keeps the lines of a cart one look-up by its id,
 * whatever the planner believes of the tables.
 */
export function sceneText({ isPlain, judgedBy }: { isPlain: boolean; judgedBy: JudgedBy }): TextStatement<SceneName> {
  const { of, names } = parameters<SceneName>();
  const company = `${of('company')}::text`;
  const opens = opensTo('c', { tokenHash: of('tokenHash'), customerId: of('customerId') });
  const codes = (column: string) => `array(select k.${column} from cart_codes k where k.company_id = ${company}
      and k.cart_id = cart.id order by k.position, k.code_key)`;
  const ownOfLine = `json_build_object('properties', basket_line.properties,
    'unitAmountAdded', basket_line.unit_amount_added::text, 'free', ${free(company, 'basket_line.variant_id', isPlain)}
    ${isPlain ? '' : `, 'freeSets', ${freeSets(company)}`})`;
  const text = `select scene.* from (
  with cart as (
    select ${COLUMNS.map((column) => `c.${column}`).join(', ')}
    from carts c where c.company_id = ${company} and c.id = ${of('cart')}::text and ${opens}
  ), basket as (
    select cart.currency, cart.customer_id, cart.email_key as given_email_key,
      ${judgedBy === 'address' ? 'cart.email_key' : 'null::text'} as email_key, ${isPlain ? 'null' : backorder(company)} as backorder,
      ${pendingOrderText(company, 'cart.id')} as pending_order_id,
      ${codes('code')} as codes, ${isPlain ? "'{}'::text[]" : codes('code_key')} as code_keys,
      chosen.shipping_option_ids, chosen.shipping_profile_ids
    from cart cross join lateral (
      select coalesce(array_agg(s.shipping_option_id order by s.profile_id), '{}') as shipping_option_ids,
        coalesce(array_agg(s.profile_id order by s.profile_id), '{}') as shipping_profile_ids
      from cart_shipping s where s.company_id = ${company} and s.cart_id = cart.id) chosen
  ), basket_line as (
    select own.id as line_id, own.variant_id, own.quantity, 0 as position, own.properties, own.unit_amount_added from cart
    cross join lateral (select l.id, l.variant_id, l.quantity, l.properties, l.unit_amount_added from cart_lines l
      where l.company_id = ${company} and l.cart_id = cart.id offset 0) own
  )
  select ${cartColumns('cart')},
    ${isPlain ? needsMore(company) : 'null'} as "needsMore",
    ${basketColumns({ company, ...OWN_TEXTS, hasOrdered: hasOrdered(company), isPlain, ownOfLine })}
  from cart, basket
) scene`;
  return { text, names };
}

/** A guest with an address is taken for new, unless the address is judged as well. */
const hasOrdered = (company: string): string =>
  `coalesce(${hasOrderedText({ company, customerId: 'basket.customer_id', emailKey: 'basket.email_key' })},
      case when basket.given_email_key is not null then false end)`;

const needsMore = (company: string): string =>
  `case when exists (select from discounts d where d.company_id = ${company} and d.method = 'automatic'
        and d.status = 'active' and (d.ends_at is null or d.ends_at > now())) then 'shop'
      when cart.customer_id is not null or basket.codes <> '{}'
        or basket.pending_order_id is not null then 'cart' end`;

/** Units of a variant that can be sold now, with those this cart's own unpaid order holds. The plain one: there is none. */
const free = (company: string, variantId: string, isPlain: boolean): string =>
  isPlain
    ? sellable(variantId, company)
    : `(${sellable(variantId, company)} + ${heldUnitsText(company, { orderId: 'basket.pending_order_id', variantId })})`;

/** Of a bundle: how often its scarcest part is there; null where nobody counts. */
const freeSets = (company: string): string => {
  const isUnlimited = `not part.tracks_stock or coalesce(part.backorder, basket.backorder) = 'allow'`;
  return `(select min(case when part.archived_at is not null then 0 when ${isUnlimited} then null
        else floor(${free(company, 'part.id', false)} / made_of.quantity) end)
      from bundle_components made_of
      cross join lateral (select * from product_variants one where one.company_id = ${company}
        and one.id = made_of.component_variant_id offset 0) part
      where made_of.company_id = ${company} and made_of.bundle_variant_id = basket_line.variant_id)`;
};

/** The company's setting. */
const backorder = (company: string): string =>
  `(select case coalesce((select s.overrides -> 'backorder' from company_settings s
        where s.company_id = ${company} and s."group" = 'inventory'), '${settingsFrom('inventory', {}).backorder}')
      when 'true' then 'allow' else 'deny' end)`;
