import { Controller, Get, Inject, Query } from '@nestjs/common';
import { can } from '@souk/domain/catalog/inventory/inventory.access';
import { stockReservationsPage, stockReservationsQuery } from '@souk/domain/catalog/inventory/reservations.contract';
import { listReservations } from '@souk/domain/catalog/inventory/reservations.service';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import { Allow } from '@souk/platform/http/allow';
import { dtoOf, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class StockReservationsPageDto extends dtoOf(stockReservationsPage) {}
class StockReservationsQueryDto extends dtoOf(stockReservationsQuery) {}

/** Goods promised to somebody. Orders make and end reservations; here they are seen. */
@Controller('v1/stock-reservations')
export class StockReservationsController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get()
  @Allow(can.read)
  @ZodResponse({ status: 200, type: StockReservationsPageDto })
  list(@CurrentSession() session: Session, @Query() query: StockReservationsQueryDto) {
    return this.run(session, (ctx) => listReservations(ctx, query));
  }
}
