import { Body, Controller, Delete, Get, Headers, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { addCodes, addRandomCodes, listCodes, removeCode } from '@souk/domain/pricing/discounts/code-changes.service';
import { can } from '@souk/domain/pricing/discounts/discounts.access';
import {
  addedCodes,
  codeBatch,
  codeBatchView,
  codeInPath,
  codesPage,
  codesQuery,
  discountPatch,
  discountsPage,
  discountsQuery,
  discountView,
  newDiscount,
  redemptionsPage,
  redemptionsQuery,
} from '@souk/domain/pricing/discounts/discounts.contract';
import {
  archiveDiscount,
  createDiscount,
  getDiscount,
  listDiscounts,
  listRedemptions,
  updateDiscount,
} from '@souk/domain/pricing/discounts/discounts.service';
import { Allow, Says } from '@souk/platform/http/allow';
import { dtoOf, idParam, pathParam, ZodResponse } from '@souk/platform/http/contract-class';
import { expectedVersion } from '@souk/platform/http/if-match';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class DiscountDto extends dtoOf(discountView) {}
class DiscountsPageDto extends dtoOf(discountsPage) {}
class DiscountsQueryDto extends dtoOf(discountsQuery) {}
class NewDiscountDto extends dtoOf(newDiscount) {}
class DiscountPatchDto extends dtoOf(discountPatch) {}
class AddedDiscountCodesDto extends dtoOf(addedCodes) {}
class DiscountCodeBatchDto extends dtoOf(codeBatch) {}
class DiscountCodeBatchOutcomeDto extends dtoOf(codeBatchView) {}
class DiscountCodesPageDto extends dtoOf(codesPage) {}
class DiscountCodesQueryDto extends dtoOf(codesQuery) {}
class DiscountRedemptionsPageDto extends dtoOf(redemptionsPage) {}
class DiscountRedemptionsQueryDto extends dtoOf(redemptionsQuery) {}

const discountId = () => Param('id', idParam('dis'));

/** What carts get off: by codes that shoppers type, or by itself. */
@Controller('v1/discounts')
export class DiscountsController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get()
  @Says('List discounts')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: DiscountsPageDto })
  list(@CurrentSession() session: Session, @Query() query: DiscountsQueryDto) {
    return this.run(session, (ctx) => listDiscounts(ctx, query));
  }

  @Post()
  @Says('Make a discount')
  @Allow(can.write)
  @ZodResponse({ status: 201, type: DiscountDto })
  create(@CurrentSession() session: Session, @Body() body: NewDiscountDto) {
    return this.run(session, (ctx) => createDiscount(ctx, body));
  }

  @Get(':id')
  @Says('Show a discount')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: DiscountDto })
  show(@CurrentSession() session: Session, @discountId() id: Id<'dis'>) {
    return this.run(session, (ctx) => getDiscount(ctx, id));
  }

  @Patch(':id')
  @Says('Change a discount')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: DiscountDto })
  update(
    @CurrentSession() session: Session,
    @discountId() id: Id<'dis'>,
    @Body() body: DiscountPatchDto,
    @Headers('if-match') ifMatch: string | undefined,
  ) {
    return this.run(session, (ctx) => updateDiscount(ctx, id, body, expectedVersion(ifMatch)));
  }

  @Post(':id/archival')
  @Says('End a discount for good')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: DiscountDto })
  archive(
    @CurrentSession() session: Session,
    @discountId() id: Id<'dis'>,
    @Headers('if-match') ifMatch: string | undefined,
  ) {
    return this.run(session, (ctx) => archiveDiscount(ctx, id, expectedVersion(ifMatch)));
  }

  @Get(':id/codes')
  @Says('List the codes of a discount')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: DiscountCodesPageDto })
  codes(@CurrentSession() session: Session, @discountId() id: Id<'dis'>, @Query() query: DiscountCodesQueryDto) {
    return this.run(session, (ctx) => listCodes(ctx, id, query));
  }

  @Post(':id/codes')
  @Says('Add codes to a discount')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: DiscountDto })
  addCodes(@CurrentSession() session: Session, @discountId() id: Id<'dis'>, @Body() body: AddedDiscountCodesDto) {
    return this.run(session, (ctx) => addCodes(ctx, id, body));
  }

  @Post(':id/code-batches')
  @Says('Add random codes to a discount')
  @Allow(can.write)
  @ZodResponse({ status: 201, type: DiscountCodeBatchOutcomeDto })
  addRandomCodes(@CurrentSession() session: Session, @discountId() id: Id<'dis'>, @Body() body: DiscountCodeBatchDto) {
    return this.run(session, async (ctx) => ({ codes: await addRandomCodes(ctx, id, body) }));
  }

  @Delete(':id/codes/:code')
  @Says('Delete a code of a discount')
  @Allow(can.write)
  @HttpCode(204)
  async removeCode(
    @CurrentSession() session: Session,
    @discountId() id: Id<'dis'>,
    @Param('code', pathParam(codeInPath)) code: string,
  ): Promise<void> {
    await this.run(session, (ctx) => removeCode(ctx, id, code));
  }

  @Get(':id/redemptions')
  @Says('List the orders a discount was used in')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: DiscountRedemptionsPageDto })
  redemptions(
    @CurrentSession() session: Session,
    @discountId() id: Id<'dis'>,
    @Query() query: DiscountRedemptionsQueryDto,
  ) {
    return this.run(session, (ctx) => listRedemptions(ctx, id, query));
  }
}
