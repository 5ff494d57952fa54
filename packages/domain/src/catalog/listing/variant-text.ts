/**
 * The price of a variant that is in force now, as one row or none: of those with a window the one that began last, of
 * these the one that ends first; else the base price. `current-price.ts` has the same rule in TypeScript.
 */
export const inForce = (variant: string, company: string, currency: string) =>
  `select r.id, r.amount, r.currency, case when r.compare_at > r.amount then r.compare_at end as compare_at from prices r
      where r.company_id = ${company} and r.variant_id = ${variant}.id and r.currency = ${currency}
        and r.price_list_id is null and r.min_quantity = 1
        and (r.valid_from is null or r.valid_from <= now()) and (r.valid_until is null or r.valid_until > now())
      order by (r.valid_from is null and r.valid_until is null), r.valid_from desc nulls last, r.valid_until nulls last
      limit 1`;

/**
 * Units of a variant that can be sold now: a place short of stock hides no other's, and a hold stops counting the moment
 * it runs out, whoever sweeps. Of places in use.
 */
export const sellable = (variantId: string, company: string) =>
  `(select coalesce(sum(greatest(0, s.on_hand - s.safety_stock - s.reserved + case when s.reserved = 0 then 0 else
      coalesce((select sum(h.quantity) from stock_reservations h
        where h.company_id = ${company} and h.variant_id = s.variant_id and h.location_id = s.location_id
          and h.status = 'held' and h.expires_at <= now()), 0) end)), 0) from stock_levels s
    join stock_locations l on l.company_id = ${company} and l.id = s.location_id and l.is_active
    where s.company_id = ${company} and s.variant_id = ${variantId})`;

/**
 * Whether a variant can be had now. Of a bundle it is what the stock service keeps for lists: asking its components here
 * would make the statement larger for every product that is none.
 */
export const canBeHad = (product: string, variant: string, company: string, backorder: string): string =>
  `case when ${product}.kind = 'bundle' then
      coalesce((select a.is_available from product_availability a
        where a.company_id = ${company} and a.product_id = ${product}.id), false)
    else not ${variant}.tracks_stock
      or coalesce(${variant}.backorder, case when ${backorder}::boolean then 'allow' else 'deny' end) = 'allow'
      or ${sellable(`${variant}.id`, company)} >= 1 end`;
