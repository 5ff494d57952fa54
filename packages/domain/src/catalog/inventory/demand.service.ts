import { settingsFrom } from '../../company/settings/settings.service.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { InvalidInput, NotFound } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { runText, type TextStatement } from '../../kernel/text-statement.ts';
import type { Shelf } from './allocation.ts';

export const LINES_MAX = 1_000;
const QUANTITY_MAX = 1_000_000;

/** Units of a variant somebody asks for. A bundle asks for its parts. */
export interface Line {
  variantId: Id<'var'>;
  quantity: number;
}

/** One thing that a variant takes from stock: itself, or each part of a bundle. */
export interface Part {
  /** The variant that was asked for. */
  wantedId: Id<'var'>;
  variantId: Id<'var'>;
  pieces: number;
  /** False: sold without counting, needs nothing. */
  isCounted: boolean;
  /** No longer sold: none of it is available. */
  isGone: boolean;
  backorder: boolean;
  isLow: boolean;
  lowStockThreshold: number;
  /** The most pieces of it that one bundle takes; 0 if none is made of it. */
  piecesMax: number;
}

interface PartRow extends Omit<Part, 'backorder' | 'lowStockThreshold'> {
  backorder: string | null;
  lowStockThreshold: number | null;
  overrides: Record<string, unknown> | null;
}

/** Throws `InvalidInput` for lines no shop would have. A fault of the caller. */
export function checkLines(lines: readonly Line[]): void {
  const at = lines.findIndex(({ quantity }) => !Number.isInteger(quantity) || quantity < 1 || quantity > QUANTITY_MAX);
  const message = `Expected a whole number from 1 to ${QUANTITY_MAX}.`;
  if (at >= 0) throw new InvalidInput({ pointer: `/lines/${at}/quantity`, code: 'invalid_quantity', message });
  if (lines.length > LINES_MAX)
    throw new InvalidInput({ pointer: '/lines', code: 'too_many', message: `Expected at most ${LINES_MAX} lines.` });
}

/** What variants take from stock, and what there is of it. */
export interface Supply {
  readonly parts: Map<Id<'var'>, Part[]>;
  readonly shelves: Map<Id<'var'>, Shelf[]>;
}

/** As `supplyColumns` selects it. */
export interface SupplyRow {
  readonly parts: readonly PartRow[];
  readonly shelves: readonly ShelfRow[];
}

type Name = 'company' | 'variants';

/** An array nobody has counted yet: told their number, PostgreSQL would plan the statement anew for every order. */
const GIVEN = 'select json_array_elements_text($2::text::json)';
const given = (ctx: Ctx, variantIds: readonly Id<'var'>[]) => ({
  company: ctx.companyId,
  variants: JSON.stringify(variantIds),
});
const textOf = (text: string): TextStatement<Name> => ({ text, names: ['company', 'variants'] });

/** What variants take from stock, by the variant asked for. Throws `NotFound` for one that is not here. */
export async function readParts(ctx: Ctx, variantIds: Iterable<Id<'var'>>): Promise<Map<Id<'var'>, Part[]>> {
  const ids = [...variantIds];
  return partsFrom(await runText<PartRow, Name>(ctx, PARTS, given(ctx, ids)), ids);
}

/** As `readParts` and `readShelves`, in one statement. */
export async function readSupply(ctx: Ctx, variantIds: Iterable<Id<'var'>>): Promise<Supply> {
  const ids = [...variantIds];
  const [row] = await runText<SupplyRow, Name>(ctx, SUPPLY, given(ctx, ids));
  return supplyFrom(row ?? { parts: [], shelves: [] }, ids);
}

/**
 * SQL of two columns, `parts` and `shelves`, for `supplyFrom`, so that an order reads them together with what else it has
 * to know. `variantIds` is a query of one column.
 */
export const supplyColumns = (company: string, variantIds: string): string =>
  `(select coalesce(json_agg(parts), '[]') from (${partsText(company, variantIds)}) parts) as parts,
    (select coalesce(json_agg(shelves), '[]') from (${shelvesText(company, variantIds)}) shelves) as shelves`;

/** The supply in what `supplyColumns` gave. Throws `NotFound` for one of `variantIds` that is not here. */
export const supplyFrom = ({ parts, shelves }: SupplyRow, variantIds: Iterable<Id<'var'>>): Supply => ({
  parts: partsFrom(parts, variantIds),
  shelves: shelvesFrom(shelves),
});

/** `offset 0` keeps each part a look-up of its own: joined plainly, a planner without statistics reads all variants. */
const partsText = (company: string, variantIds: string): string => `select v.id as "wantedId", part.id as "variantId",
      coalesce(k.quantity, 1) as pieces, part.tracks_stock as "isCounted", part.backorder,
      v.archived_at is not null or part.archived_at is not null as "isGone",
      coalesce(i.is_low, false) as "isLow", i.low_stock_threshold as "lowStockThreshold",
      coalesce((
        select max(b.quantity) from bundle_components b where b.company_id = v.company_id and b.component_variant_id = part.id
      ), 0) as "piecesMax",
      (select s.overrides from company_settings s where s.company_id = v.company_id and s."group" = 'inventory') as overrides
    from product_variants v
    left join bundle_components k on k.company_id = v.company_id and k.bundle_variant_id = v.id
    cross join lateral (
      select * from product_variants p where p.company_id = v.company_id
        and p.id = case when k.component_variant_id is null then v.id else k.component_variant_id end
      offset 0
    ) part
    left join stock_items i on i.company_id = v.company_id and i.variant_id = part.id
    where v.company_id = ${company} and v.id = any(array(${variantIds}))
    order by v.id, part.id`;

function partsFrom(rows: readonly PartRow[], variantIds: Iterable<Id<'var'>>): Map<Id<'var'>, Part[]> {
  const settings = settingsFrom('inventory', rows[0]?.overrides ?? {});
  const parts = new Map<Id<'var'>, Part[]>();
  for (const { overrides: _, ...row } of rows) {
    const backorder = row.backorder === null ? settings.backorder : row.backorder === 'allow';
    const lowStockThreshold = row.lowStockThreshold ?? settings.lowStockThreshold;
    const own = parts.get(row.wantedId) ?? [];
    parts.set(row.wantedId, [...own, { ...row, backorder, lowStockThreshold }]);
  }
  for (const id of variantIds) if (!parts.has(id)) throw new NotFound('variant');
  return parts;
}

/**
 * What active locations have of these variants and of the parts of bundles among them, in the order in which orders are
 * taken from them. By the counters: holds that ran out and were not swept still count.
 */
export async function readShelves(ctx: Ctx, variantIds: Iterable<Id<'var'>>): Promise<Map<Id<'var'>, Shelf[]>> {
  return shelvesFrom(await runText<ShelfRow, Name>(ctx, SHELVES, given(ctx, [...variantIds])));
}

type ShelfRow = Shelf & { variantId: Id<'var'> };

const shelvesText = (company: string, variantIds: string): string => `select
      l.variant_id as "variantId", l.location_id as "locationId", l.on_hand - l.reserved - l.safety_stock as free
    from stock_levels l
    join stock_locations p on p.company_id = l.company_id and p.id = l.location_id and p.is_active
    where l.company_id = ${company} and (l.variant_id = any(array(${variantIds})) or l.variant_id = any(array(
      select k.component_variant_id from bundle_components k
      where k.company_id = ${company} and k.bundle_variant_id = any(array(${variantIds}))
    )))
    order by p.priority, p.id`;

function shelvesFrom(rows: readonly ShelfRow[]): Map<Id<'var'>, Shelf[]> {
  const shelves = new Map<Id<'var'>, Shelf[]>();
  for (const { variantId, locationId, free } of rows)
    shelves.set(variantId, [...(shelves.get(variantId) ?? []), { locationId, free }]);
  return shelves;
}

const PARTS = textOf(partsText('$1::text', GIVEN));
const SHELVES = textOf(shelvesText('$1::text', GIVEN));
const SUPPLY = textOf(`select ${supplyColumns('$1::text', GIVEN)}`);
