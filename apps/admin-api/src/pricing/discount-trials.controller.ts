import { Body, Controller, Inject, Post } from '@nestjs/common';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import { can } from '@souk/domain/pricing/discounts/discounts.access';
import { discountTrialView, newDiscountTrial } from '@souk/domain/pricing/totals/discount-trials.contract';
import { tryDiscounts } from '@souk/domain/pricing/totals/discount-trials.service';
import { Allow, Says } from '@souk/platform/http/allow';
import { dtoOf, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class DiscountTrialDto extends dtoOf(discountTrialView) {}
class NewDiscountTrialDto extends dtoOf(newDiscountTrial) {}

/** What a basket would come to, and why: for whoever makes discounts. */
@Controller('v1/discounts/trial')
export class DiscountTrialsController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Post()
  @Says('Try discounts on made-up goods')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: DiscountTrialDto })
  try(@CurrentSession() session: Session, @Body() body: NewDiscountTrialDto) {
    return this.run(session, (ctx) => tryDiscounts(ctx, body));
  }
}
