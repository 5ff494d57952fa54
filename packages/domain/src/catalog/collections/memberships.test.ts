import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Ctx, Session } from '../../kernel/ctx.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { foldKey } from '../../kernel/text.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenCompany } from '../../testing/goods.ts';
import { type CollectionRule, rowOfRule } from './collection-rules.ts';
import { refreshMemberships } from './memberships.service.ts';

const db = useDatabase();
type ProductId = Id<'prod'>;
const DAY_MS = 24 * 3600 * 1000;

/** All that a rule can ask of a product. */
interface Facts {
  title: string;
  vendor: string | null;
  type: string | null;
  tags: string[];
  /** Index into the categories of the scene. */
  categories: number[];
  prices: { currency: string; amount: number; compareAt: number | null; isOver: boolean }[];
  isAvailable: boolean;
  /** Null: a draft that never was published. Negative: it will be. */
  publishedDaysAgo: number | null;
  weights: { grams: number | null; isArchived: boolean }[];
}

const noted = (ctx: Ctx) => {
  ctx.audit({ action: 'memberships.tested', entity: { type: 'test', id: 'test' } });
  return ctx;
};
const refresh = (session: Session, ids: readonly ProductId[]) =>
  db.app.run(session, (ctx) => refreshMemberships(noted(ctx), ids));
const membersOf = async (id: Id<'col'>): Promise<ProductId[]> =>
  (
    await db.admin<{ product_id: ProductId }[]>`select product_id from collection_members
      where collection_id = ${id} and not is_excluded order by product_id`
  ).map((row) => row.product_id);

/** Two roots; `below` lies under the first. */
async function givenCategories({ companyId }: Session): Promise<Id<'cat'>[]> {
  const [top, other, below] = [newId('cat'), newId('cat'), newId('cat')];
  const rows = [
    { id: top, parent: null, path: `${top}/` },
    { id: other, parent: null, path: `${other}/` },
    { id: below, parent: top, path: `${top}/${below}/` },
  ];
  for (const { id, parent, path } of rows)
    await db.admin`insert into categories (company_id, id, parent_id, path, handle, name)
      values (${companyId}, ${id}, ${parent}, ${path}, ${id}, 'Shelf')`;
  return [top, other, below];
}

async function givenProduct(companyId: string, facts: Facts, categoryIds: readonly Id<'cat'>[]): Promise<ProductId> {
  const id = newId('prod');
  const sql = db.admin;
  const publishedAt =
    facts.publishedDaysAgo === null ? null : new Date(Date.now() - facts.publishedDaysAgo * DAY_MS).toISOString();
  await sql`insert into products
      (company_id, id, handle, title, title_key, vendor, vendor_key, product_type, product_type_key, status, published_at)
    values (${companyId}, ${id}, ${id}, ${facts.title}, ${foldKey(facts.title)}, ${facts.vendor},
      ${facts.vendor && foldKey(facts.vendor)}, ${facts.type}, ${facts.type && foldKey(facts.type)},
      ${publishedAt ? 'active' : 'draft'}, ${publishedAt})`;
  const owned = { company_id: companyId, product_id: id };
  for (const tag of facts.tags) await sql`insert into product_tags ${sql({ ...owned, tag, tag_key: foldKey(tag) })}`;
  for (const at of facts.categories)
    await sql`insert into product_categories ${sql({ ...owned, category_id: categoryIds[at] ?? '' })}`;
  for (const { currency, amount, compareAt, isOver } of facts.prices)
    await sql`insert into listing_prices (company_id, product_id, currency, valid_from, valid_until, min_amount, max_amount, compare_at)
      values (${companyId}, ${id}, ${currency}, '1970-01-01', ${isOver ? '2020-01-01' : '9999-12-31'}, ${amount}, ${amount}, ${compareAt})`;
  if (facts.isAvailable) await sql`insert into product_availability ${sql({ ...owned, is_available: true })}`;
  for (const [position, { grams, isArchived }] of facts.weights.entries()) {
    const variantId = newId('var');
    await sql`insert into product_variants (company_id, id, product_id, position, options_key, weight_grams, archived_at)
      values (${companyId}, ${variantId}, ${id}, ${position}, ${variantId}, ${grams}, ${isArchived ? new Date() : null})`;
  }
  return id;
}

async function givenRuleCollection(
  companyId: string,
  match: 'all' | 'any',
  rules: readonly CollectionRule[],
): Promise<Id<'col'>> {
  const id = newId('col');
  await db.admin`insert into collections (company_id, id, handle, title, kind, match)
    values (${companyId}, ${id}, ${id}, 'Found', 'rules', ${match})`;
  for (const [position, rule] of rules.entries())
    await db.admin`insert into collection_rules
      ${db.admin({ company_id: companyId, collection_id: id, position, ...rowOfRule(rule) })}`;
  return id;
}

/** The rules read aloud, one product at a time. */
function answers(rule: CollectionRule, facts: Facts, categoryIds: readonly Id<'cat'>[]): boolean {
  switch (rule.field) {
    case 'title':
      return words(foldKey(facts.title), rule.operator, foldKey(rule.value));
    case 'vendor':
      return words(foldKey(facts.vendor ?? ''), rule.operator, foldKey(rule.value));
    case 'product_type':
      return words(foldKey(facts.type ?? ''), rule.operator, foldKey(rule.value));
    case 'tag':
      return facts.tags.some((tag) => foldKey(tag) === foldKey(rule.value)) === (rule.operator === 'equals');
    case 'category': {
      const shelves = new Set(
        facts.categories.flatMap((at) => (at === 2 ? [2, 0] : [at])).map((at) => categoryIds[at]),
      );
      return shelves.has(rule.value) === (rule.operator === 'equals');
    }
    case 'price':
      return priced(facts, rule.currency).some(({ amount }) => sizes(amount, rule.operator, rule.value));
    case 'on_sale':
      return priced(facts, rule.currency).some(
        ({ amount, compareAt }) => (compareAt !== null && compareAt > amount) === rule.value,
      );
    case 'in_stock':
      return facts.isAvailable === rule.value;
    case 'published':
      return facts.publishedDaysAgo !== null && facts.publishedDaysAgo >= 0 && facts.publishedDaysAgo < rule.value;
    case 'weight':
      return facts.weights.some(
        ({ grams, isArchived }) => grams !== null && !isArchived && sizes(grams, rule.operator, rule.value),
      );
  }
}

const priced = ({ prices }: Facts, currency: string) =>
  prices.filter((price) => price.currency === currency && !price.isOver);

function words(text: string, operator: string, value: string): boolean {
  if (operator === 'equals') return text === value;
  if (operator === 'not_equals') return text !== value;
  if (operator === 'contains') return text.includes(value);
  if (operator === 'not_contains') return !text.includes(value);
  return operator === 'starts_with' ? text.startsWith(value) : text.endsWith(value);
}

function sizes(size: number, operator: string, value: number): boolean {
  if (operator === 'equals') return size === value;
  if (operator === 'not_equals') return size !== value;
  if (operator === 'greater_than') return size > value;
  if (operator === 'at_least') return size >= value;
  return operator === 'less_than' ? size < value : size <= value;
}

// Few and awkward words: accents, case, LIKE's wildcards, quotes.
const someWord = fc.constantFrom('Crème', 'creme', 'A', 'a%', '%', '_', "o'", 'Crème brûlée', '\\', 'ş');
const someWords = fc.constantFrom('equals', 'not_equals', 'contains', 'not_contains', 'starts_with', 'ends_with');
const someEquality = fc.constantFrom('equals', 'not_equals');
const someSize = fc.constantFrom('equals', 'not_equals', 'greater_than', 'at_least', 'less_than', 'at_most');
const someCurrency = fc.constantFrom('NGN', 'JPY');
const someFacts: fc.Arbitrary<Facts> = fc.record({
  title: someWord,
  vendor: fc.option(someWord, { nil: null }),
  type: fc.option(someWord, { nil: null }),
  tags: fc.uniqueArray(someWord, { maxLength: 3, selector: foldKey }),
  categories: fc.uniqueArray(fc.nat(2), { maxLength: 2 }),
  prices: fc.uniqueArray(
    fc.record({
      currency: someCurrency,
      amount: fc.nat(3),
      compareAt: fc.option(fc.nat(5), { nil: null }),
      isOver: fc.boolean(),
    }),
    { maxLength: 2, selector: ({ currency }) => currency },
  ),
  isAvailable: fc.boolean(),
  publishedDaysAgo: fc.option(fc.constantFrom(-3.5, 0.5, 1.5, 6.5, 30.5), { nil: null }),
  weights: fc.array(fc.record({ grams: fc.option(fc.nat(3), { nil: null }), isArchived: fc.boolean() }), {
    maxLength: 2,
  }),
});
const ruleOf = (categoryIds: readonly Id<'cat'>[]): fc.Arbitrary<CollectionRule> =>
  fc.oneof(
    fc.record({
      field: fc.constantFrom('title', 'vendor', 'product_type'),
      operator: someWords,
      value: someWord,
    }) as fc.Arbitrary<CollectionRule>, // fast-check forgets which words go together
    fc.record({ field: fc.constant('tag'), operator: someEquality, value: someWord }) as fc.Arbitrary<CollectionRule>,
    fc.record({
      field: fc.constant('category'),
      operator: someEquality,
      value: fc.constantFrom(...categoryIds, newId('cat')),
    }) as fc.Arbitrary<CollectionRule>,
    fc.record({
      field: fc.constant('price'),
      operator: someSize,
      value: fc.nat(3),
      currency: someCurrency,
    }) as fc.Arbitrary<CollectionRule>,
    fc.record({
      field: fc.constant('on_sale'),
      operator: fc.constant('equals'),
      value: fc.boolean(),
      currency: someCurrency,
    }) as fc.Arbitrary<CollectionRule>,
    fc.record({
      field: fc.constant('in_stock'),
      operator: fc.constant('equals'),
      value: fc.boolean(),
    }) as fc.Arbitrary<CollectionRule>,
    fc.record({
      field: fc.constant('published'),
      operator: fc.constant('within_days'),
      value: fc.constantFrom(1, 2, 7, 31),
    }) as fc.Arbitrary<CollectionRule>,
    fc.record({ field: fc.constant('weight'), operator: someSize, value: fc.nat(3) }) as fc.Arbitrary<CollectionRule>,
  );

test('whatever the rules and the products: the members are those of whom the rules are true, read one by one', async () => {
  const shop = await givenCompany(db);
  const { companyId } = shop;
  const categoryIds = await givenCategories(shop);
  const facts = fc.sample(someFacts, 60);
  const ids: ProductId[] = [];
  for (const one of facts) ids.push(await givenProduct(companyId, one, categoryIds));
  const specimens = fc.sample(
    fc.record({
      match: fc.constantFrom<'all' | 'any'>('all', 'any'),
      rules: fc.array(ruleOf(categoryIds), { minLength: 1, maxLength: 4 }),
    }),
    150,
  );
  const made: { id: Id<'col'>; match: 'all' | 'any'; rules: CollectionRule[] }[] = [];
  for (const { match, rules } of specimens)
    made.push({ id: await givenRuleCollection(companyId, match, rules), match, rules });
  await refresh(shop, ids);
  let members = 0;
  for (const { id, match, rules } of made) {
    const isIn = (one: Facts) =>
      match === 'all'
        ? rules.every((rule) => answers(rule, one, categoryIds))
        : rules.some((rule) => answers(rule, one, categoryIds));
    const expected = ids.filter((_id, at) => isIn(facts[at] as Facts)).sort(); // both lists run alongside
    members += expected.length;
    expect(await membersOf(id), JSON.stringify({ match, rules })).toEqual(expected);
  }
  expect(members).toBeGreaterThan(100);
  expect(await refresh(shop, ids)).toBe(0);
});
