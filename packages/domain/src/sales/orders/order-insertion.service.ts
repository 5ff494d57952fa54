import { getTableColumns, getTableName, type Table } from 'drizzle-orm';
import type { Settings } from '../../company/settings/setting-groups.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { newId } from '../../kernel/ids.ts';
import { events } from '../../kernel/outbox.schema.ts';
import type { eventRow } from '../../kernel/outbox.ts';
import { runText, type TextStatement } from '../../kernel/text-statement.ts';
import type { Totals } from '../../pricing/totals/totals.ts';
import type { OrderRecord } from './order-views.ts';
import { orderDiscounts, orderLines, orderShippingLines, orders, orderTimeline } from './orders.schema.ts';

interface Around {
  readonly event: ReturnType<typeof eventRow>;
  readonly numbering: Settings<'orders'>;
  readonly totals: Totals;
}

type Name = 'company' | 'prefix' | 'start' | 'rows';

/**
 * Draws the order's number and writes order, lines, shipping, discounts, history and event, all by one statement whose
 * text is the same for every order: the rows travel as JSON. A company's counter never goes back; a new start in the
 * settings counts once the counter is behind it. Returns the number.
 */
export async function insertOrder(ctx: Ctx, order: OrderRecord, { event, numbering, totals }: Around): Promise<string> {
  const { lines, shippingLines, discounts, tags: _, ...row } = order;
  const orderId = order.id;
  const placed = {
    id: newId('otl'),
    orderId,
    kind: 'placed',
    message: null,
    data: null,
    actorType: ctx.actor.type,
    actorId: ctx.actor.id,
  };
  const rows = {
    orders: [{ ...row, explanation: totals.explanation }],
    lines: lines.map((line) => ({ ...line, orderId })),
    shipping: shippingLines.map((line) => ({ ...line, orderId })),
    discounts: discounts.map((one) => ({ ...one, orderId })),
    timeline: [placed],
    events: [event],
  };
  insertion ??= insertionText();
  const [inserted] = await runText<{ number: string }, Name>(ctx, insertion, {
    company: ctx.companyId,
    prefix: numbering.numberPrefix,
    start: numbering.numberStart,
    rows: JSON.stringify(rows, (_name, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)),
  });
  if (!inserted) throw new Error('An order was written and no number came back');
  return inserted.number;
}

let insertion: TextStatement<Name> | undefined;

/** Columns that the database or this statement fills. */
const NOT_GIVEN = new Set(['companyId']);

function insertionText(): TextStatement<Name> {
  const text = `with given as materialized (select $4::text::json as j),
  drawn as (
    insert into order_counters as c (company_id, last_value) values ($1::text, $3::bigint)
    on conflict (company_id) do update set last_value = greatest(c.last_value + 1, excluded.last_value)
    returning $2::text || c.last_value as number
  ),
  placed as (${insertFrom(orders, 'orders', { number: '(select d.number from drawn d)' })}),
  lines as (${insertFrom(orderLines, 'lines')}),
  shipping as (${insertFrom(orderShippingLines, 'shipping')}),
  discounted as (${insertFrom(orderDiscounts, 'discounts')}),
  history as (${insertFrom(orderTimeline, 'timeline', {}, ['createdAt'])}),
  told as (${insertFrom(
    events,
    'events',
    { data: `jsonb_set(r.data, '{order,number}', to_jsonb((select d.number from drawn d)))` },
    ['createdAt', 'dispatchedAt'],
  )})
  select d.number from drawn d`;
  return { text, names: ['company', 'prefix', 'start', 'rows'] };
}

/** An insert of the rows that stand under `part` of the JSON, by the names of the table's columns in the schema. */
function insertFrom(
  table: Table,
  part: string,
  instead: Readonly<Record<string, string>> = {},
  left: readonly string[] = [],
): string {
  const columns = Object.entries(getTableColumns(table)).filter(
    ([field]) => !NOT_GIVEN.has(field) && !left.includes(field),
  );
  const names = columns.map(([, { name }]) => `"${name}"`).join(', ');
  const values = columns.map(([field, { name }]) => instead[name] ?? `r."${field}"`).join(', ');
  const shape = columns.map(([field, column]) => `"${field}" ${column.getSQLType()}`).join(', ');
  return `insert into ${getTableName(table)} (company_id, ${names})
    select $1::text, ${values} from json_to_recordset((select g.j -> '${part}' from given g)) as r(${shape})`;
}
