import { and, eq, getTableName, gt, isNull, lte, or, type SQL, type SQLWrapper, sql } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import { foldKey } from '../../kernel/text.ts';
import { categories } from '../categories/categories.schema.ts';
import { productAvailability } from '../inventory/inventory.schema.ts';
import { listingPrices } from '../prices/prices.schema.ts';
import { productCategories, productTags } from '../products/product-details.schema.ts';
import { products } from '../products/products.schema.ts';
import { productVariants } from '../products/variants.schema.ts';
import type { CollectionRule, RuleOperator } from './collection-rules.ts';

/**
 * How PostgreSQL goes about it: `few` looks up what belongs to each product by itself, for products that are known by id
 * or cut into ranges; `all` may begin with what the rules ask for (all products with a tag) and end with the products.
 */
export type Reach = 'few' | 'all';

/**
 * The rules of a collection as one condition on a row of `products`. Values are parameters, never part of the text. No
 * rules match nothing.
 */
export function conditionOf(match: 'all' | 'any', rules: readonly CollectionRule[], reach: Reach): SQL {
  const conditions = rules.map((rule) => conditionOfRule(rule, reach));
  return (match === 'all' ? and(...conditions) : or(...conditions)) ?? sql`false`;
}

function conditionOfRule(rule: CollectionRule, reach: Reach): SQL {
  switch (rule.field) {
    case 'title':
      return wordCondition(products.titleKey, rule.operator, rule.value);
    case 'vendor':
      return wordCondition(products.vendorKey, rule.operator, rule.value);
    case 'product_type':
      return wordCondition(products.productTypeKey, rule.operator, rule.value);
    case 'tag':
      return negatedIf(
        rule.operator === 'not_equals',
        ofProduct(reach, productTags, eq(productTags.tagKey, foldKey(rule.value))),
      );
    case 'category':
      return negatedIf(rule.operator === 'not_equals', inCategory(reach, rule.value));
    case 'price':
      return priceNow(reach, rule.currency, sizeCondition(listingPrices.minAmount, rule.operator, rule.value));
    case 'on_sale': {
      const isOnSale = sql`coalesce(${listingPrices.compareAt} > ${listingPrices.minAmount}, false)`;
      return priceNow(reach, rule.currency, negatedIf(!rule.value, isOnSale));
    }
    case 'in_stock':
      return negatedIf(!rule.value, ofProduct(reach, productAvailability, sql`${productAvailability.isAvailable}`));
    case 'published':
      return sql`coalesce(${products.publishedAt} between now() - make_interval(days => ${rule.value}::int) and now(), false)`;
    case 'weight':
      return ofProduct(
        reach,
        productVariants,
        isNull(productVariants.archivedAt),
        sizeCondition(productVariants.weightGrams, rule.operator, rule.value),
      );
  }
}

type OfProduct = PgTable & { companyId: SQLWrapper; productId: SQLWrapper };

/**
 * Has a row of this kind that meets the conditions. For few products the rows of each are fetched first and nothing else
 * chooses the index (PostgreSQL leaves a sub-select with an offset as it is): where nobody has analysed the tables yet,
 * the planner would walk all prices that hold now, for each product.
 */
function ofProduct(reach: Reach, table: OfProduct, ...conditions: SQL[]): SQL {
  const isOfProduct = sql`${table.companyId} = ${products.companyId} and ${table.productId} = ${products.id}`;
  if (reach === 'all') return sql`exists (select 1 from ${table} where ${isOfProduct} and ${and(...conditions)})`;
  const rows = sql`(select * from ${table} where ${isOfProduct} offset 0) as ${sql.identifier(getTableName(table))}`;
  return sql`exists (select 1 from ${rows} where ${and(...conditions)})`;
}

const negatedIf = (isNegated: boolean, condition: SQL): SQL => (isNegated ? sql`not ${condition}` : condition);

/** Stands on the category or below it: its path begins with the category's. A category that went has no path. */
function inCategory(reach: Reach, categoryId: string): SQL {
  // Not joined: that would leave it to the planner to begin at the category, anew for each product.
  const pathOf = (id: SQLWrapper | string) =>
    sql`(select ${categories.path} from ${categories}
      where ${categories.companyId} = ${productCategories.companyId} and ${categories.id} = ${id})`;
  return ofProduct(
    reach,
    productCategories,
    sql`starts_with(${pathOf(productCategories.categoryId)}, ${pathOf(categoryId)})`,
  );
}

const priceNow = (reach: Reach, currency: string, condition: SQL): SQL =>
  ofProduct(
    reach,
    listingPrices,
    eq(listingPrices.currency, currency),
    lte(listingPrices.validFrom, sql`now()`),
    gt(listingPrices.validUntil, sql`now()`),
    condition,
  );

/** On a folded column. What has no vendor (or type) is not that vendor, and does not contain anything. */
function wordCondition(column: SQLWrapper, operator: RuleOperator, value: string): SQL {
  const key = foldKey(value);
  const known = sql`coalesce(${column}, '')`;
  switch (operator) {
    case 'equals':
      return sql`${known} = ${key}`;
    case 'not_equals':
      return sql`${known} <> ${key}`;
    case 'contains':
      return sql`strpos(${known}, ${key}) > 0`;
    case 'not_contains':
      return sql`strpos(${known}, ${key}) = 0`;
    case 'starts_with':
      return sql`starts_with(${known}, ${key})`;
    case 'ends_with':
      return sql`right(${known}, length(${key}::text)) = ${key}`;
    default:
      throw new Error(`Words cannot be compared with ${operator}`);
  }
}

const COMPARISONS: Partial<Record<RuleOperator, SQL>> = {
  equals: sql.raw('='),
  not_equals: sql.raw('<>'),
  greater_than: sql.raw('>'),
  at_least: sql.raw('>='),
  less_than: sql.raw('<'),
  at_most: sql.raw('<='),
};

function sizeCondition(column: SQLWrapper, operator: RuleOperator, value: number): SQL {
  const comparison = COMPARISONS[operator];
  if (!comparison) throw new Error(`Sizes cannot be compared with ${operator}`);
  return sql`${column} ${comparison} ${value}::text::bigint`;
}
