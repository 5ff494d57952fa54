import { asc, eq, type SQL, sql } from 'drizzle-orm';
import { deleteAll, isAnyOf, upsertAll } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { products } from '../products/products.schema.ts';
import { type CollectionRule, ruleOfRow } from './collection-rules.ts';
import { collectionMembers, collectionRules, collections } from './collections.schema.ts';
import { conditionOf } from './rule-conditions.service.ts';

/** Stands behind every product that was given a place by hand. */
export const UNPLACED = 1_000_000_000;
/** Conditions in one statement: more make it slower to plan than two statements are to send. */
const COLLECTIONS_PER_STATEMENT = 50;

type CollectionId = Id<'col'>;
type ProductId = Id<'prod'>;

export interface RuleCollection {
  id: CollectionId;
  match: 'all' | 'any';
  rules: CollectionRule[];
}

/**
 * Puts products into the rule collections they match and takes them out of those they do not: for products that were
 * just saved, in a number of statements that depends on neither their number nor (up to 50) the collections'. Call it
 * after prices and availability are right. The caller notes it and raises the catalogue version. Returns how many
 * memberships changed.
 */
export async function refreshMemberships(ctx: Ctx, productIds: readonly ProductId[]): Promise<number> {
  if (productIds.length === 0) return 0;
  const found = await lockRuleCollections(ctx);
  return refreshIn(ctx, found, productIds);
}

/**
 * All rule collections of the company with their rules. Locked for sharing: whoever changes the rules waits until this
 * transaction is through, so that no product is put into a collection by rules that no longer are.
 */
async function lockRuleCollections(ctx: Ctx): Promise<RuleCollection[]> {
  const rows = await ctx.tx
    .select({ id: collections.id, match: collections.match })
    .from(collections)
    .where(mine(ctx, collections, eq(collections.kind, 'rules')))
    .orderBy(asc(collections.id))
    .for('share');
  return withRules(ctx, rows);
}

/** Adds the rules to collections. */
export async function withRules<Row extends { id: CollectionId }>(
  ctx: Ctx,
  rows: readonly Row[],
): Promise<(Row & { rules: CollectionRule[] })[]> {
  const rulesOf = new Map<CollectionId, CollectionRule[]>(rows.map(({ id }) => [id, []]));
  if (rows.length > 0) {
    const ruleRows = await ctx.tx
      .select()
      .from(collectionRules)
      .where(mine(ctx, collectionRules, isAnyOf(collectionRules.collectionId, rulesOf.keys())))
      .orderBy(asc(collectionRules.collectionId), asc(collectionRules.position));
    for (const row of ruleRows) rulesOf.get(row.collectionId)?.push(ruleOfRow(row));
  }
  return rows.map((row) => ({ ...row, rules: rulesOf.get(row.id) ?? [] }));
}

/** Refreshes the memberships of these products in these collections, which are locked. Returns how many changed. */
export async function refreshIn(
  ctx: Ctx,
  found: readonly RuleCollection[],
  productIds: readonly ProductId[],
): Promise<number> {
  if (found.length === 0) return 0;
  const matching = await matches(ctx, found, productIds);
  const ofCollections = isAnyOf(
    collectionMembers.collectionId,
    found.map(({ id }) => id),
  );
  const there = await ctx.tx
    .select()
    .from(collectionMembers)
    .where(mine(ctx, collectionMembers, isAnyOf(collectionMembers.productId, productIds), ofCollections));
  const known = new Set(there.map(memberKey));
  const joined = [...matching.values()].filter((member) => !known.has(memberKey(member)));
  // The merchant's word stands over the rules: pinned products stay, excluded ones stay excluded.
  const left = there.filter((row) => !row.isPinned && !row.isExcluded && !matching.has(memberKey(row)));
  await deleteAll(ctx, collectionMembers, ['collectionId', 'productId'], left);
  const rows = joined.map((member) => ({ ...member, position: UNPLACED }));
  await upsertAll(ctx, collectionMembers, ['collectionId', 'productId'], rows, ['position']);
  return joined.length + left.length;
}

interface Member {
  collectionId: CollectionId;
  productId: ProductId;
}
const memberKey = ({ collectionId, productId }: Member) => `${collectionId} ${productId}`;

/** Which of the products match which collections. */
async function matches(
  ctx: Ctx,
  found: readonly RuleCollection[],
  productIds: readonly ProductId[],
): Promise<Map<string, Member>> {
  const matching = new Map<string, Member>();
  for (let from = 0; from < found.length; from += COLLECTIONS_PER_STATEMENT) {
    const share = found.slice(from, from + COLLECTIONS_PER_STATEMENT);
    const answers = share.map(({ match, rules }, at) => matchNumber(at, conditionOf(match, rules, 'few')));
    const rows = await ctx.tx.execute<{ id: ProductId; numbers: string }>(
      sql`select ${products.id} as id, concat_ws(',', ${sql.join(answers, sql`, `)}) as numbers from ${products}
        where ${mine(ctx, products, isAnyOf(products.id, productIds))}`,
    );
    for (const { id: productId, numbers } of rows)
      for (const number of numbers.split(',')) {
        const collection = numbers === '' ? undefined : share[Number(number)];
        if (!collection) continue;
        const member = { collectionId: collection.id, productId };
        matching.set(memberKey(member), member);
      }
  }
  return matching;
}

const matchNumber = (at: number, condition: SQL): SQL => sql`case when ${condition} then ${sql.raw(`'${at}'`)} end`;
