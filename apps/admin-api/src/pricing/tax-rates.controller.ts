import { Body, Controller, Delete, Get, Headers, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { can } from '@souk/domain/pricing/tax/tax.access';
import {
  newTaxRate,
  taxRatePatch,
  taxRatesPage,
  taxRatesQuery,
  taxRateView,
} from '@souk/domain/pricing/tax/tax.contract';
import {
  createTaxRate,
  deleteTaxRate,
  getTaxRate,
  listTaxRates,
  updateTaxRate,
} from '@souk/domain/pricing/tax/tax-rates.service';
import { Allow, Says } from '@souk/platform/http/allow';
import { dtoOf, idParam, ZodResponse } from '@souk/platform/http/contract-class';
import { expectedVersion } from '@souk/platform/http/if-match';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class TaxRateDto extends dtoOf(taxRateView) {}
class TaxRatesPageDto extends dtoOf(taxRatesPage) {}
class TaxRatesQueryDto extends dtoOf(taxRatesQuery) {}
class NewTaxRateDto extends dtoOf(newTaxRate) {}
class TaxRatePatchDto extends dtoOf(taxRatePatch) {}

const taxRateId = () => Param('id', idParam('txr'));

/** What is taxed where. Orders keep what they were taxed by. */
@Controller('v1/tax-rates')
export class TaxRatesController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get()
  @Says('List tax rates')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: TaxRatesPageDto })
  list(@CurrentSession() session: Session, @Query() query: TaxRatesQueryDto) {
    return this.run(session, (ctx) => listTaxRates(ctx, query));
  }

  @Get(':id')
  @Says('Show a tax rate')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: TaxRateDto })
  show(@CurrentSession() session: Session, @taxRateId() id: Id<'txr'>) {
    return this.run(session, (ctx) => getTaxRate(ctx, id));
  }

  @Post()
  @Says('Add a tax rate')
  @Allow(can.write)
  @ZodResponse({ status: 201, type: TaxRateDto })
  create(@CurrentSession() session: Session, @Body() body: NewTaxRateDto) {
    return this.run(session, (ctx) => createTaxRate(ctx, body));
  }

  @Patch(':id')
  @Says('Change a tax rate')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: TaxRateDto })
  update(
    @CurrentSession() session: Session,
    @taxRateId() id: Id<'txr'>,
    @Body() body: TaxRatePatchDto,
    @Headers('if-match') ifMatch: string | undefined,
  ) {
    return this.run(session, (ctx) => updateTaxRate(ctx, id, body, expectedVersion(ifMatch)));
  }

  @Delete(':id')
  @Says('Delete a tax rate')
  @Allow(can.write)
  @HttpCode(204)
  async delete(
    @CurrentSession() session: Session,
    @taxRateId() id: Id<'txr'>,
    @Headers('if-match') ifMatch: string | undefined,
  ): Promise<void> {
    await this.run(session, (ctx) => deleteTaxRate(ctx, id, expectedVersion(ifMatch)));
  }
}
