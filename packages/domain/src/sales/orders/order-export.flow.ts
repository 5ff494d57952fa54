import type { Run, Session } from '../../kernel/ctx.ts';
import { ordersCsvHeader, ordersCsvRows } from './order-csv.ts';
import { listOrders, noteOrdersExport } from './order-management.service.ts';
import type { OrdersExportQuery } from './orders.contract.ts';

const EXPORT_PAGE = 500;

/**
 * The filtered orders as CSV, one short transaction per page: a long export holds neither a connection nor memory. The
 * first page is read before this resolves, so that what can go wrong goes wrong before anything is sent.
 */
export async function exportOrders(
  run: Run,
  session: Session,
  filters: OrdersExportQuery,
): Promise<AsyncIterable<string>> {
  const readPage = (after?: string) =>
    run(session, (ctx) => listOrders(ctx, { ...filters, limit: EXPORT_PAGE, after, count: false }));
  const first = await run(session, async (ctx) => {
    noteOrdersExport(ctx, filters);
    return listOrders(ctx, { ...filters, limit: EXPORT_PAGE, count: false });
  });
  return (async function* () {
    yield ordersCsvHeader();
    for (let page = first; ; page = await readPage(page.page.next ?? undefined)) {
      if (page.data.length > 0) yield ordersCsvRows(page.data);
      if (page.page.next === null) return;
    }
  })();
}
