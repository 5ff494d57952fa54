import { Body, Controller, Get, Inject, Post, Query } from '@nestjs/common';
import {
  newStockCorrection,
  stockCorrectionView,
  stockDriftsPage,
  stockDriftsQuery,
} from '@souk/domain/catalog/inventory/drift.contract';
import { findDrift, recomputeCounters } from '@souk/domain/catalog/inventory/drift.service';
import { can } from '@souk/domain/catalog/inventory/inventory.access';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import { Allow } from '@souk/platform/http/allow';
import { dtoOf, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class StockDriftsPageDto extends dtoOf(stockDriftsPage) {}
class StockDriftsQueryDto extends dtoOf(stockDriftsQuery) {}
class NewStockCorrectionDto extends dtoOf(newStockCorrection) {}
class StockCorrectionDto extends dtoOf(stockCorrectionView) {}

/** Counters that do not say what the ledger says. There should be none; a job looks every day and logs what it finds. */
@Controller('v1')
export class StockDriftsController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get('stock-drifts')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: StockDriftsPageDto })
  list(@CurrentSession() session: Session, @Query() query: StockDriftsQueryDto) {
    return this.run(session, (ctx) => findDrift(ctx, query));
  }

  @Post('stock-corrections')
  @Allow(can.write)
  @ZodResponse({ status: 201, type: StockCorrectionDto })
  correct(@CurrentSession() session: Session, @Body() body: NewStockCorrectionDto) {
    return this.run(session, (ctx) => recomputeCounters(ctx, body.variantIds));
  }
}
