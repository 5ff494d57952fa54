import type { Ctx } from '../../kernel/ctx.ts';
import { type FieldFault, InvalidInput, NotFound } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import type { Currency } from '../../kernel/money.ts';
import { emailKey, foldKey } from '../../kernel/text.ts';
import { runText, type TextStatement } from '../../kernel/text-statement.ts';
import { hasOrderedText } from '../discounts/customer-history.service.ts';
import { codeKeyOf } from '../discounts/discount-codes.ts';
import type { Place } from '../tax/tax-facts.ts';
import type { Basket } from './basket.ts';
import { type BasketRow, basketColumns, completeBasket, readSteadily } from './basket-facts.service.ts';

/** A basket that is not a cart: what somebody wants to know the totals of. */
export interface AskedBasket {
  /** Left out: the company's own. */
  readonly currency?: Currency | undefined;
  /** A variant by its id or by its SKU. */
  readonly lines: readonly {
    readonly variantId?: Id<'var'> | undefined;
    readonly sku?: string | undefined;
    readonly quantity: number;
  }[];
  readonly codes?: readonly string[] | undefined;
  readonly customerId?: Id<'cus'> | undefined;
  /** Of a guest: limits per customer count by it. */
  readonly email?: string | undefined;
  /** Left out: what the orders of the customer or the address say; not known where neither is given. */
  readonly hasOrdered?: boolean | undefined;
  readonly shipTo?: Place | undefined;
  readonly shippingOptionIds?: readonly Id<'sho'>[] | undefined;
}

type Name = 'company' | 'asked';

// Arrays of JSON become arrays of PostgreSQL by this; a missing one is null.
const texts = (field: string) =>
  `(select array_agg(one.value order by one.at) from json_array_elements_text(asked.j -> '${field}') with ordinality one (value, at))`;

const HAS_ORDERED = `coalesce(basket.has_ordered, ${hasOrderedText({
  company: '$1::text',
  customerId: 'basket.customer_id',
  emailKey: 'basket.email_key',
})})`;

const READ: TextStatement<Name> = {
  text: `select scene.* from (
    with asked as (select $2::text::json as j),
    basket as (
      select coalesce(asked.j ->> 'currency', (select c.currency from companies c where c.company_id = $1::text)) as currency,
        asked.j ->> 'customerId' as customer_id,
        coalesce(asked.j ->> 'emailKey', (select k.email_key from customers k
          where k.company_id = $1::text and k.id = asked.j ->> 'customerId')) as email_key,
        (asked.j ->> 'hasOrdered')::boolean as has_ordered,
        ${texts('codes')} as codes, ${texts('codeKeys')} as code_keys, ${texts('optionIds')} as shipping_option_ids
      from asked
    ),
    basket_line as (
      select line.at::text as line_id, coalesce(line.value ->> 'variantId', (select v.id from product_variants v
          where v.company_id = $1::text and v.sku_key = line.value ->> 'skuKey')) as variant_id,
        (line.value ->> 'quantity')::integer as quantity, line.at as position
      from asked cross join lateral json_array_elements(asked.j -> 'lines') with ordinality line (value, at)
    )
    select ${basketColumns({ company: '$1::text', hasOrdered: HAS_ORDERED })} from basket
  ) scene`,
  names: ['company', 'asked'],
};

/**
 * Reads what the totals of these lines depend on: one statement, more where the shop or the goods are not remembered. Line ids count from 1. Throws `InvalidInput` naming each
 * line without a variant, a currency the shop does not sell in, and a customer who is not there.
 */
export async function readBasket(ctx: Ctx, asked: AskedBasket): Promise<Basket> {
  const { basket, shop } = await readSteadily(async () => {
    const [row] = await runText<BasketRow, Name>(ctx, READ, { company: ctx.companyId, asked: askedJson(asked) });
    if (!row) throw new NotFound('company');
    return completeBasket(ctx, row, { shipTo: asked.shipTo ?? null, billTo: null, locale: null });
  });
  const [first, ...others] = faultsOf(asked, basket, shop.currencies);
  if (first) throw new InvalidInput(first, ...others);
  return basket;
}

function askedJson({ lines, codes = [], email, shippingOptionIds, ...asked }: AskedBasket): string {
  return JSON.stringify({
    ...asked,
    lines: lines.map(({ sku, ...line }) => (sku === undefined ? line : { ...line, skuKey: foldKey(sku) })),
    codes,
    codeKeys: codes.map(codeKeyOf),
    optionIds: shippingOptionIds ?? [],
    emailKey: email === undefined ? undefined : emailKey(email),
  });
}

function faultsOf(asked: AskedBasket, basket: Basket, currencies: readonly Currency[]): FieldFault[] {
  const found = new Set(basket.lines.map(({ id }) => id));
  const faults: FieldFault[] = [];
  if (!currencies.includes(basket.currency))
    faults.push({
      pointer: '/currency',
      code: 'currency_not_sold',
      message: `This shop does not sell in ${basket.currency}. Expected one of ${currencies.join(', ')}.`,
    });
  for (const [at, { sku }] of asked.lines.entries())
    if (!found.has(String(at + 1)))
      faults.push({
        pointer: `/lines/${at}/${sku === undefined ? 'variantId' : 'sku'}`,
        code: 'unknown_variant',
        message: 'There is no such variant. GET /v1/products shows those there are.',
      });
  if (asked.customerId !== undefined && basket.customer.id === null)
    faults.push({
      pointer: '/customerId',
      code: 'unknown_customer',
      message: 'There is no such customer. GET /v1/customers shows those there are.',
    });
  return faults;
}
