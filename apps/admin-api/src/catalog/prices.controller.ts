import { Body, Controller, Get, Headers, Inject, Param, Post, Put, Query } from '@nestjs/common';
import { listPriceChanges, priorPricesOf } from '@souk/domain/catalog/prices/price-history.service';
import { priceChangesPage, priceChangesQuery, priorPrices } from '@souk/domain/catalog/prices/prices.contract';
import {
  priceUpdates,
  priceUpdatesOutcome,
  variantPricesInput,
  variantPricesView,
} from '@souk/domain/catalog/product-management/variant-prices.contract';
import { updatePricesInShares } from '@souk/domain/catalog/product-management/variant-prices.flow';
import { getVariantPrices, setVariantPrices } from '@souk/domain/catalog/product-management/variant-prices.service';
import { can } from '@souk/domain/catalog/products/products.access';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { Allow } from '@souk/platform/http/allow';
import { dtoOf, idParam, ZodResponse } from '@souk/platform/http/contract-class';
import { expectedVersion } from '@souk/platform/http/if-match';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class VariantPricesDto extends dtoOf(variantPricesView) {}
class VariantPricesInputDto extends dtoOf(variantPricesInput) {}
class PriceUpdatesDto extends dtoOf(priceUpdates) {}
class PriceUpdatesOutcomeDto extends dtoOf(priceUpdatesOutcome) {}
class PriceChangesPageDto extends dtoOf(priceChangesPage) {}
class PriceChangesQueryDto extends dtoOf(priceChangesQuery) {}
class PriorPricesDto extends dtoOf(priorPrices) {}

const variantId = () => Param('id', idParam('var'));

/** What variants cost, cost before, and cost at least in the month before a reduction. */
@Controller('v1')
export class PricesController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get('variants/:id/prices')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: VariantPricesDto })
  show(@CurrentSession() session: Session, @variantId() id: Id<'var'>) {
    return this.run(session, (ctx) => getVariantPrices(ctx, id));
  }

  @Put('variants/:id/prices')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: VariantPricesDto })
  set(
    @CurrentSession() session: Session,
    @variantId() id: Id<'var'>,
    @Body() body: VariantPricesInputDto,
    @Headers('if-match') ifMatch: string | undefined,
  ) {
    return this.run(session, (ctx) => setVariantPrices(ctx, id, body, expectedVersion(ifMatch)));
  }

  @Get('variants/:id/price-changes')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: PriceChangesPageDto })
  changes(@CurrentSession() session: Session, @variantId() id: Id<'var'>, @Query() query: PriceChangesQueryDto) {
    return this.run(session, (ctx) => listPriceChanges(ctx, id, query));
  }

  @Get('variants/:id/prior-prices')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: PriorPricesDto })
  prior(@CurrentSession() session: Session, @variantId() id: Id<'var'>) {
    return this.run(session, (ctx) => priorPricesOf(ctx, id));
  }

  @Post('price-updates')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: PriceUpdatesOutcomeDto })
  update(@CurrentSession() session: Session, @Body() body: PriceUpdatesDto) {
    return updatePricesInShares(this.run, session, body);
  }
}
