import { Body, Controller, Get, Inject, Param, Patch, Query } from '@nestjs/common';
import { can } from '@souk/domain/catalog/inventory/inventory.access';
import {
  stockLevelPatch,
  stockLevelsPage,
  stockLevelsQuery,
  stockLevelView,
  stockMovementsPage,
  stockMovementsQuery,
} from '@souk/domain/catalog/inventory/stock.contract';
import { listMovements, listStockLevels, updateStockLevel } from '@souk/domain/catalog/inventory/stock-levels.service';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { Allow } from '@souk/platform/http/allow';
import { dtoOf, idParam, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class StockLevelDto extends dtoOf(stockLevelView) {}
class StockLevelsPageDto extends dtoOf(stockLevelsPage) {}
class StockLevelsQueryDto extends dtoOf(stockLevelsQuery) {}
class StockLevelPatchDto extends dtoOf(stockLevelPatch) {}
class StockMovementsPageDto extends dtoOf(stockMovementsPage) {}
class StockMovementsQueryDto extends dtoOf(stockMovementsQuery) {}

/** What lies where, and how it came to that. What is low: `GET /v1/stock-levels?low=true`. */
@Controller('v1')
export class StockLevelsController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get('stock-levels')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: StockLevelsPageDto })
  list(@CurrentSession() session: Session, @Query() query: StockLevelsQueryDto) {
    return this.run(session, (ctx) => listStockLevels(ctx, query));
  }

  @Patch('stock-levels/:id')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: StockLevelDto })
  update(
    @CurrentSession() session: Session,
    @Param('id', idParam('var')) variantId: Id<'var'>,
    @Body() body: StockLevelPatchDto,
  ) {
    return this.run(session, (ctx) => updateStockLevel(ctx, variantId, body));
  }

  @Get('stock-movements')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: StockMovementsPageDto })
  movements(@CurrentSession() session: Session, @Query() query: StockMovementsQueryDto) {
    return this.run(session, (ctx) => listMovements(ctx, query));
  }
}
