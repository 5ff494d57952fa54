import { Body, Controller, Get, Inject, Param, Post, Query } from '@nestjs/common';
import { can } from '@souk/domain/catalog/inventory/inventory.access';
import {
  newReceipt,
  newTransfer,
  transfersPage,
  transfersQuery,
  transferView,
} from '@souk/domain/catalog/inventory/transfers.contract';
import {
  cancelTransfer,
  createTransfer,
  getTransfer,
  listTransfers,
  receiveTransfer,
  sendTransfer,
} from '@souk/domain/catalog/inventory/transfers.service';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { Allow } from '@souk/platform/http/allow';
import { dtoOf, idParam, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class StockTransferDto extends dtoOf(transferView) {}
class StockTransfersPageDto extends dtoOf(transfersPage) {}
class StockTransfersQueryDto extends dtoOf(transfersQuery) {}
class NewStockTransferDto extends dtoOf(newTransfer) {}
class NewStockReceiptDto extends dtoOf(newReceipt) {}

/** Goods from one location to another: planned, sent, received in one or several parts. */
@Controller('v1/stock-transfers')
export class StockTransfersController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get()
  @Allow(can.read)
  @ZodResponse({ status: 200, type: StockTransfersPageDto })
  list(@CurrentSession() session: Session, @Query() query: StockTransfersQueryDto) {
    return this.run(session, (ctx) => listTransfers(ctx, query));
  }

  @Get(':id')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: StockTransferDto })
  show(@CurrentSession() session: Session, @Param('id', idParam('trf')) id: Id<'trf'>) {
    return this.run(session, (ctx) => getTransfer(ctx, id));
  }

  @Post()
  @Allow(can.write)
  @ZodResponse({ status: 201, type: StockTransferDto })
  create(@CurrentSession() session: Session, @Body() body: NewStockTransferDto) {
    return this.run(session, (ctx) => createTransfer(ctx, body));
  }

  @Post(':id/departure')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: StockTransferDto })
  send(@CurrentSession() session: Session, @Param('id', idParam('trf')) id: Id<'trf'>) {
    return this.run(session, (ctx) => sendTransfer(ctx, id));
  }

  @Post(':id/receipts')
  @Allow(can.write)
  @ZodResponse({ status: 201, type: StockTransferDto })
  receive(
    @CurrentSession() session: Session,
    @Param('id', idParam('trf')) id: Id<'trf'>,
    @Body() body: NewStockReceiptDto,
  ) {
    return this.run(session, (ctx) => receiveTransfer(ctx, id, body));
  }

  @Post(':id/cancellation')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: StockTransferDto })
  cancel(@CurrentSession() session: Session, @Param('id', idParam('trf')) id: Id<'trf'>) {
    return this.run(session, (ctx) => cancelTransfer(ctx, id));
  }
}
