import { and, eq, type SQL, sql } from 'drizzle-orm';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { InvalidInput, NotFound, VersionStale } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { keyset, type Page, pageFrom } from '../../kernel/page.ts';
import { violates } from '../../kernel/postgres-error.ts';
import { mine } from '../../kernel/tables.ts';
import type { AttributePatch, AttributesQuery, AttributeView, NewAttribute } from './attributes.contract.ts';
import { AttributeInUse, AttributeKeyTaken } from './attributes.errors.ts';
import { attributeCreated, attributeDeleted, attributeUpdated } from './attributes.events.ts';
import { attributeDefinitions, productAttributes } from './product-details.schema.ts';
import type { AttributeType } from './products.schema.ts';

/** A company that needs more wants another kind of thing. */
export const ATTRIBUTE_DEFINITIONS_MAX = 500;

type AttributeId = Id<'attr'>;
type Row = typeof attributeDefinitions.$inferSelect;

/** The typed facts products of this company may have, in the order of their keys. */
export async function listAttributes(ctx: Ctx, { limit, after }: AttributesQuery): Promise<Page<AttributeView>> {
  const { where, orderBy } = keyset({ columns: [attributeDefinitions.key], direction: 'asc' }, after);
  const rows = await ctx.tx
    .select()
    .from(attributeDefinitions)
    .where(mine(ctx, attributeDefinitions, where))
    .orderBy(...orderBy)
    .limit(limit + 1);
  return pageFrom(rows, limit, ({ key }) => [key], viewOf);
}

/** One of them. Throws `NotFound`. */
export async function getAttribute(ctx: Ctx, id: AttributeId): Promise<AttributeView> {
  return viewOf(await findAttribute(ctx, id));
}

/** Declares a typed fact. Throws `AttributeKeyTaken`, `InvalidInput`. */
export async function createAttribute(ctx: Ctx, input: NewAttribute): Promise<AttributeView> {
  refuseOdd(input.type, input);
  await refuseTooMany(ctx);
  const values = { ...input, unit: input.unit ?? null, choices: input.choices ?? null };
  const [row] = await ctx.tx
    .insert(attributeDefinitions)
    .values({ companyId: ctx.companyId, id: newId('attr'), ...values })
    .returning()
    .catch((error: unknown) => {
      throw violates(error, 'attribute_definitions_key') ? new AttributeKeyTaken() : error;
    });
  if (!row) throw new Error('The insert gave no row back');
  const attribute = viewOf(row);
  ctx.audit({ action: 'attribute.created', entity: { type: 'attribute', id: row.id }, after: attribute });
  await emit(ctx, attributeCreated, { aggregate: { id: row.id, sequence: row.version }, data: { attribute } });
  return attribute;
}

/** Changes one; its key and type stay. Throws `NotFound`, `VersionStale`, `InvalidInput`, `AttributeInUse`. */
export async function updateAttribute(
  ctx: Ctx,
  id: AttributeId,
  patch: AttributePatch,
  expectedVersion?: number,
): Promise<AttributeView> {
  const before = await lockAttribute(ctx, id);
  if (expectedVersion !== undefined && expectedVersion !== before.version)
    throw new VersionStale('attribute', before.version);
  refuseOdd(before.type, { unit: patch.unit, choices: patch.choices ?? before.choices ?? undefined });
  const gone = (before.choices ?? []).filter((choice) => patch.choices && !patch.choices.includes(choice));
  if (gone.length > 0) await refuseUsed(ctx, id, 'a choice that would go', isAnyOf(productAttributes.value, gone));
  const [row] = await ctx.tx
    .update(attributeDefinitions)
    .set({ ...patch, version: before.version + 1, updatedAt: sql`now()` })
    .where(mine(ctx, attributeDefinitions, eq(attributeDefinitions.id, id)))
    .returning();
  if (!row) throw new NotFound('attribute');
  const attribute = viewOf(row);
  ctx.audit({
    action: 'attribute.updated',
    entity: { type: 'attribute', id },
    before: viewOf(before),
    after: attribute,
  });
  await emit(ctx, attributeUpdated, { aggregate: { id, sequence: row.version }, data: { attribute } });
  ctx.catalogueChanged();
  return attribute;
}

/** Takes one away that no product has. Throws `NotFound`, `AttributeInUse`. */
export async function deleteAttribute(ctx: Ctx, id: AttributeId): Promise<void> {
  const before = await lockAttribute(ctx, id);
  await refuseUsed(ctx, id, 'this attribute');
  await ctx.tx.delete(attributeDefinitions).where(mine(ctx, attributeDefinitions, eq(attributeDefinitions.id, id)));
  const attribute = viewOf(before);
  ctx.audit({ action: 'attribute.deleted', entity: { type: 'attribute', id }, before: attribute });
  await emit(ctx, attributeDeleted, { aggregate: { id, sequence: before.version + 1 }, data: { attribute } });
}

async function findAttribute(ctx: Ctx, id: AttributeId): Promise<Row> {
  const [row] = await ctx.tx
    .select()
    .from(attributeDefinitions)
    .where(mine(ctx, attributeDefinitions, eq(attributeDefinitions.id, id)));
  if (!row) throw new NotFound('attribute');
  return row;
}

/** Products that get a value of it meanwhile hold a share of this lock, by their foreign key: they come before or after. */
async function lockAttribute(ctx: Ctx, id: AttributeId): Promise<Row> {
  const [row] = await ctx.tx
    .select()
    .from(attributeDefinitions)
    .where(mine(ctx, attributeDefinitions, eq(attributeDefinitions.id, id)))
    .for('update');
  if (!row) throw new NotFound('attribute');
  return row;
}

async function refuseUsed(ctx: Ctx, id: AttributeId, what: string, which?: SQL): Promise<void> {
  const rows = await ctx.tx
    .select({ id: productAttributes.definitionId })
    .from(productAttributes)
    .where(mine(ctx, productAttributes, and(eq(productAttributes.definitionId, id), which)))
    .limit(1);
  if (rows.length > 0) throw new AttributeInUse(what);
}

async function refuseTooMany(ctx: Ctx): Promise<void> {
  const count = await ctx.tx.$count(attributeDefinitions, mine(ctx, attributeDefinitions));
  if (count < ATTRIBUTE_DEFINITIONS_MAX) return;
  const message = `A company has at most ${ATTRIBUTE_DEFINITIONS_MAX} attributes. Delete one that is not used.`;
  throw new InvalidInput({ pointer: '', code: 'too_many_attributes', message });
}

function refuseOdd(type: AttributeType, { unit, choices }: Pick<NewAttribute, 'unit' | 'choices'>): void {
  const refuse = (field: string, code: string, message: string) => {
    throw new InvalidInput({ pointer: `/${field}`, code, message });
  };
  if (unit && type !== 'number') refuse('unit', 'unit_not_for_type', 'Only a number has a unit. Leave it out.');
  if (choices && type !== 'choice')
    refuse('choices', 'choices_not_for_type', 'Only a choice has choices. Leave them out.');
  if (type === 'choice' && !choices) refuse('choices', 'choices_missing', 'Name what the choice may be.');
  if (choices && new Set(choices).size < choices.length) refuse('choices', 'repeated', 'Name each choice once.');
}

const viewOf = ({ companyId: _company, ...row }: Row): AttributeView => row;
