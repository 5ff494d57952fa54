import { getTableColumns, getTableName, type Table } from 'drizzle-orm';
import type { Settings } from '../../company/settings/setting-groups.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { newId } from '../../kernel/ids.ts';
import { events } from '../../kernel/outbox.schema.ts';
import type { eventRow } from '../../kernel/outbox.ts';
import { parameters, runText, type TextStatement } from '../../kernel/text-statement.ts';
import type { Totals } from '../../pricing/totals/totals.ts';
import type { OrderRecord } from './order-views.ts';
import { orderDiscounts, orderLines, orderShippingLines, orders, orderTimeline } from './orders.schema.ts';

interface Around {
  readonly event: ReturnType<typeof eventRow>;
  readonly numbering: Settings<'orders'>;
  readonly totals: Totals;
}

type Part = 'orders' | 'lines' | 'shipping' | 'discounts' | 'timeline' | 'events';
type Name = 'company' | 'prefix' | 'start' | Part;

/**
 * Draws the order's number and writes order, lines, shipping, discounts, history and event, all by one statement whose
 * text is the same for every order: the rows of each table travel as JSON. A company's counter never goes back; a new start in the
 * settings counts once the counter is behind it. Nothing is sent yet: what is given writes them and returns the number,
 * so that the work around it is done before the first lock that others wait for.
 */
export function orderInsertion(
  ctx: Ctx,
  order: OrderRecord,
  { event, numbering, totals }: Around,
): () => Promise<string> {
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
  const values = {
    company: ctx.companyId,
    prefix: numbering.numberPrefix,
    start: numbering.numberStart,
    orders: jsonOf([{ ...row, explanation: totals.explained() }]),
    lines: jsonOf(lines.map((line) => ({ ...line, orderId }))),
    shipping: jsonOf(shippingLines.map((line) => ({ ...line, orderId }))),
    discounts: jsonOf(discounts.map((one) => ({ ...one, orderId }))),
    timeline: jsonOf([placed]),
    events: jsonOf([event]),
  };
  return async () => {
    insertion ??= insertionText();
    const [inserted] = await runText<{ number: string }, Name>(ctx, insertion, values);
    if (!inserted) throw new Error('An order was written and no number came back');
    return inserted.number;
  };
}

/** Amounts as text. They stand at the top of a row: what is kept as JSON is JSON already. */
const jsonOf = (rows: readonly object[]) => JSON.stringify(rows.map(withTextAmounts));

function withTextAmounts(row: object): object {
  const copy: Record<string, unknown> = { ...row };
  for (const field in copy) {
    const value = copy[field];
    if (typeof value === 'bigint') copy[field] = value.toString();
  }
  return copy;
}

let insertion: TextStatement<Name> | undefined;

/** Columns that the database or this statement fills. */
const NOT_GIVEN = new Set(['companyId']);

function insertionText(): TextStatement<Name> {
  const { of, names } = parameters<Name>();
  const company = `${of('company')}::text`;
  const rowsOf = (part: Part) => `${of(part)}::text::json`;
  const told = `jsonb_set(r.data, '{order,number}', to_jsonb((select d.number from drawn d)))`;
  const number = '(select d.number from drawn d)';
  const text = `with drawn as (
    insert into order_counters as c (company_id, last_value) values (${company}, ${of('start')}::bigint)
    on conflict (company_id) do update set last_value = greatest(c.last_value + 1, excluded.last_value)
    returning ${of('prefix')}::text || c.last_value as number
  ),
  placed as (${insertFrom(company, orders, rowsOf('orders'), { number })}),
  lines as (${insertFrom(company, orderLines, rowsOf('lines'))}),
  shipping as (${insertFrom(company, orderShippingLines, rowsOf('shipping'))}),
  discounted as (${insertFrom(company, orderDiscounts, rowsOf('discounts'))}),
  history as (${insertFrom(company, orderTimeline, rowsOf('timeline'), {}, ['createdAt'])}),
  told as (${insertFrom(company, events, rowsOf('events'), { data: told }, ['createdAt', 'dispatchedAt'])})
  select d.number from drawn d`;
  return { text, names };
}

/** An insert of rows of JSON, by the names of the table's columns in the schema. */
function insertFrom(
  company: string,
  table: Table,
  rows: string,
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
    select ${company}, ${values} from json_to_recordset(${rows}) as r(${shape})`;
}
