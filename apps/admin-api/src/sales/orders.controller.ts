import { Readable } from 'node:stream';
import { Body, Controller, Get, Headers, Inject, Param, Patch, Post, Query, StreamableFile } from '@nestjs/common';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { listQuery } from '@souk/domain/kernel/page';
import { orderWorkView } from '@souk/domain/sales/checkout/order-page.contract';
import { orderWorkOf, showOrderWork } from '@souk/domain/sales/checkout/order-page.service';
import { exportOrders } from '@souk/domain/sales/orders/order-export.flow';
import {
  addOrderNote,
  listOrders,
  showTimeline,
  updateOrder,
} from '@souk/domain/sales/orders/order-management.service';
import { can } from '@souk/domain/sales/orders/orders.access';
import {
  newOrderNote,
  orderPatch,
  ordersExportQuery,
  ordersPage,
  ordersQuery,
  timelineEntryView,
  timelinePage,
} from '@souk/domain/sales/orders/orders.contract';
import { Allow, Says } from '@souk/platform/http/allow';
import { dtoOf, FileResponse, idParam, ZodResponse } from '@souk/platform/http/contract-class';
import { expectedVersion } from '@souk/platform/http/if-match';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class OrderDto extends dtoOf(orderWorkView) {}
class OrdersPageDto extends dtoOf(ordersPage) {}
class OrdersQueryDto extends dtoOf(ordersQuery) {}
class OrdersExportQueryDto extends dtoOf(ordersExportQuery) {}
class OrderPatchDto extends dtoOf(orderPatch) {}
class NewOrderNoteDto extends dtoOf(newOrderNote) {}
class OrderTimelineEntryDto extends dtoOf(timelineEntryView) {}
class OrderTimelinePageDto extends dtoOf(timelinePage) {}
class OrderTimelineQueryDto extends dtoOf(listQuery) {}

/** What was ordered. Paying, sending and calling off are resources of their own. */
@Controller('v1')
export class OrdersController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get('orders')
  @Says('List orders')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: OrdersPageDto })
  list(@CurrentSession() session: Session, @Query() query: OrdersQueryDto) {
    return this.run(session, (ctx) => listOrders(ctx, query));
  }

  /** The same filters as CSV, all of it. */
  @Get('orders.csv')
  @Says('Take orders out as CSV')
  @Allow(can.read)
  @FileResponse({ type: 'text/csv', description: 'The orders, newest first unless asked otherwise, one a line.' })
  async export(@CurrentSession() session: Session, @Query() query: OrdersExportQueryDto) {
    const pieces = await exportOrders(this.run, session, query);
    return new StreamableFile(Readable.from(pieces), {
      type: 'text/csv; charset=utf-8; header=present',
      disposition: 'attachment; filename="orders.csv"',
    });
  }

  @Get('orders/:id')
  @Says('Show an order')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: OrderDto })
  show(@CurrentSession() session: Session, @Param('id', idParam('ord')) id: Id<'ord'>) {
    return this.run(session, (ctx) => showOrderWork(ctx, id));
  }

  @Patch('orders/:id')
  @Says('Correct an order')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: OrderDto })
  update(
    @CurrentSession() session: Session,
    @Param('id', idParam('ord')) id: Id<'ord'>,
    @Body() body: OrderPatchDto,
    @Headers('if-match') ifMatch: string | undefined,
  ) {
    return this.run(session, async (ctx) =>
      orderWorkOf(ctx, await updateOrder(ctx, id, body, expectedVersion(ifMatch))),
    );
  }

  @Get('orders/:id/timeline')
  @Says('Show what happened to an order')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: OrderTimelinePageDto })
  timeline(
    @CurrentSession() session: Session,
    @Param('id', idParam('ord')) id: Id<'ord'>,
    @Query() query: OrderTimelineQueryDto,
  ) {
    return this.run(session, (ctx) => showTimeline(ctx, id, query));
  }

  @Post('orders/:id/notes')
  @Says('Write a note about an order')
  @Allow(can.write)
  @ZodResponse({ status: 201, type: OrderTimelineEntryDto })
  note(@CurrentSession() session: Session, @Param('id', idParam('ord')) id: Id<'ord'>, @Body() body: NewOrderNoteDto) {
    return this.run(session, (ctx) => addOrderNote(ctx, id, body));
  }
}
