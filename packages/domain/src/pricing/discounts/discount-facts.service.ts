import { instantText } from '../../catalog/listing/listing-text.ts';
import type { DiscountClass, DiscountFacts, DiscountTarget } from './discount-facts.ts';

/** Pieces of SQL (`$1`, `basket.currency`), never values. All may be null at run time but the company and the currency. */
export interface DiscountTexts {
  readonly company: string;
  readonly currency: string;
  /** text[]: codes by `codeKeyOf`. */
  readonly codeKeys: string;
  readonly customerId: string;
  readonly emailKey: string;
  /** The cart that is looked at: what its own unpaid order used is not held against it. Left out: there is none. */
  readonly cartId?: string;
  /** The moment of the basket. */
  readonly now?: string;
}

interface FactsJson
  extends Omit<
    DiscountFacts,
    'isInCurrency' | 'amount' | 'amountMax' | 'subtotalMin' | 'targets' | 'buy' | 'combinesWith'
  > {
  /** In all currencies; `isMeant`: that of the basket. */
  amounts: { isMeant: boolean; amount: string | null; subtotalMin: string | null; amountMax: string | null }[];
  targets: (DiscountTarget & { role: 'for' | 'buy' })[];
  buyQuantity: number | null;
  combines: [product: boolean, order: boolean, shipping: boolean];
}

const CLASSES: readonly DiscountClass[] = ['product', 'order', 'shipping'];

/**
 * SQL of a scalar sub-select: the company's automatic discounts that are active and not over, and the discounts of the
 * given codes whatever their state (but not archived ones), as a JSON array for `discountsOf`. A discount of two given
 * codes comes twice. (`offset 0`: each row is looked up by its key. A join would be planned as a walk through all discounts
 * of the company.)
 */
export const discountsJson = (texts: DiscountTexts): string => {
  const { company, codeKeys, now = 'now()' } = texts;
  return `(select coalesce(json_agg(${factsJson(texts)} order by dis.id, dis_given.code_key), '[]')
    from (
      select a.id, null::text as code, null::text as code_key, null::integer as code_limit, 0 as code_used
      from discounts a
      where a.company_id = ${company} and a.method = 'automatic' and a.status = 'active'
        and (a.ends_at is null or a.ends_at > ${now})
      union all
      select c.discount_id, c.code, c.code_key, c.usage_limit, c.used from discount_codes c
      where c.company_id = ${company} and c.code_key = any(${codeKeys})
    ) dis_given
    cross join lateral (select * from discounts d
      where d.company_id = ${company} and d.id = dis_given.id and d.status <> 'archived' offset 0) dis)`;
};

/** The facts in what `discountsJson` gave. */
export const discountsOf = (json: unknown): DiscountFacts[] =>
  // The text above builds exactly this.
  (json as FactsJson[]).map(({ amounts, targets, buyQuantity, combines, ...facts }) => {
    const meant = amounts.find(({ isMeant }) => isMeant);
    return {
      ...facts,
      isInCurrency: amounts.length === 0 || meant !== undefined,
      amount: bigintOf(meant?.amount),
      subtotalMin: bigintOf(meant?.subtotalMin),
      amountMax: bigintOf(meant?.amountMax),
      targets: targetsOf(targets, 'for'),
      buy: buyQuantity === null ? null : { targets: targetsOf(targets, 'buy'), quantity: buyQuantity },
      combinesWith: CLASSES.filter((_, at) => combines[at]),
    };
  });

const bigintOf = (text: string | null | undefined) => (text === null || text === undefined ? null : BigInt(text));

const targetsOf = (targets: FactsJson['targets'], role: 'for' | 'buy'): DiscountTarget[] =>
  targets.filter((target) => target.role === role).map(({ type, id }) => ({ type, id }));

const NO_CART = 'null::text';

const factsJson = (texts: DiscountTexts) =>
  `json_build_object('id', dis.id, 'title', dis.title, 'kind', dis.kind, 'class', dis.class,
      'isActive', dis.status = 'active', 'code', dis_given.code, 'priority', dis.priority,
      'percentPpm', dis.percent_ppm, 'allocation', dis.allocation,
      'amounts', ${amountsJson(texts)}, 'targets', ${targetsJson(texts)},
      'quantityMin', dis.quantity_min, 'buyQuantity', dis.buy_quantity, 'getQuantity', dis.get_quantity,
      'repeatMax', dis.repeat_max, 'customerGroupIds', ${groupsJson(texts)}, 'firstOrderOnly', dis.first_order_only,
      'startsAt', ${instantText('dis.starts_at')}, 'endsAt', ${instantText('dis.ends_at')},
      'usageLimit', dis.usage_limit, 'used', dis.used - ${usedByCart(texts, 'dis.usage_limit')},
      'codeUsageLimit', dis_given.code_limit,
      'codeUsed', dis_given.code_used - ${usedByCart(texts, 'dis_given.code_limit', 'and use.code_key = dis_given.code_key')},
      'perCustomerLimit', dis.per_customer_limit, 'usedByCustomer', ${usedByCustomer(texts)},
      'combines', json_build_array(dis.combines_with_product, dis.combines_with_order, dis.combines_with_shipping))`;

const ofDiscount = (alias: string, company: string) =>
  `${alias}.company_id = ${company} and ${alias}.discount_id = dis.id`;

const amountsJson = ({ company, currency }: DiscountTexts) =>
  `(select coalesce(json_agg(json_build_object('isMeant', dis_amount.currency = ${currency},
      'amount', dis_amount.amount::text, 'subtotalMin', dis_amount.subtotal_min::text,
      'amountMax', dis_amount.amount_max::text) order by dis_amount.currency), '[]')
    from discount_amounts dis_amount where ${ofDiscount('dis_amount', company)})`;

const targetsJson = ({ company }: DiscountTexts) =>
  `(select coalesce(json_agg(json_build_object('role', dis_target.role, 'type', dis_target.type, 'id', dis_target.ref_id)
      order by dis_target.role, dis_target.type, dis_target.ref_id), '[]')
    from discount_targets dis_target where ${ofDiscount('dis_target', company)})`;

const groupsJson = ({ company }: DiscountTexts) =>
  `(select coalesce(json_agg(dis_group.group_id order by dis_group.group_id), '[]')
    from discount_groups dis_group where ${ofDiscount('dis_group', company)})`;

/**
 * Active uses of the discount. `is true` keeps the planner from looking them up by the discount, which may have very many:
 * the caller says the cart, the customer or the address, and those have few.
 */
const usesOf = ({ company }: DiscountTexts, whose: string) =>
  `(select count(*) from discount_redemptions use where use.company_id = ${company} and ${whose}
      and (use.discount_id = dis.id) is true and use.status = 'active')`;

/** Looked up only where there is a limit. */
const usedByCart = (texts: DiscountTexts, limit: string, more = '') =>
  `case when ${limit} is null then 0 else ${usesOf(texts, `use.cart_id = ${texts.cartId ?? NO_CART} ${more}`)} end`;

/** Uses of the account, and those of the address that are not of the account. */
function usedByCustomer(texts: DiscountTexts): string {
  const { customerId, emailKey, cartId = NO_CART } = texts;
  const elsewhere = `use.cart_id is distinct from ${cartId}`;
  const ofAccount = usesOf(texts, `use.customer_id = ${customerId} and ${elsewhere}`);
  const ofAddress = `use.email_key = ${emailKey} and (use.customer_id = ${customerId}) is not true and ${elsewhere}`;
  return `case when dis.per_customer_limit is null and not dis.first_order_only then 0 else ${ofAccount} + ${usesOf(texts, ofAddress)} end`;
}
