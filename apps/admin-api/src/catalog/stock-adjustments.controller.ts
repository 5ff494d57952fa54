import { Body, Controller, Inject, Post } from '@nestjs/common';
import {
  adjustmentBatchView,
  adjustmentView,
  newAdjustment,
  newAdjustmentBatch,
} from '@souk/domain/catalog/inventory/adjustments.contract';
import { adjustStock, adjustStockBatch } from '@souk/domain/catalog/inventory/adjustments.service';
import { can } from '@souk/domain/catalog/inventory/inventory.access';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import { Allow } from '@souk/platform/http/allow';
import { dtoOf, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class StockAdjustmentDto extends dtoOf(adjustmentView) {}
class NewStockAdjustmentDto extends dtoOf(newAdjustment) {}
class StockAdjustmentBatchDto extends dtoOf(adjustmentBatchView) {}
class NewStockAdjustmentBatchDto extends dtoOf(newAdjustmentBatch) {}

/** Somebody counted, or something came or went. */
@Controller('v1')
export class StockAdjustmentsController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Post('stock-adjustments')
  @Allow(can.write)
  @ZodResponse({ status: 201, type: StockAdjustmentDto })
  adjust(@CurrentSession() session: Session, @Body() body: NewStockAdjustmentDto) {
    return this.run(session, (ctx) => adjustStock(ctx, body));
  }

  @Post('stock-adjustment-batches')
  @Allow(can.write)
  @ZodResponse({ status: 201, type: StockAdjustmentBatchDto })
  adjustMany(@CurrentSession() session: Session, @Body() body: NewStockAdjustmentBatchDto) {
    return this.run(session, (ctx) => adjustStockBatch(ctx, body));
  }
}
