import { Body, Controller, Get, Inject, Param, Post } from '@nestjs/common';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import type { Gateways } from '@souk/domain/sales/payments/gateway';
import { canRefund } from '@souk/domain/sales/payments/payments.access';
import { newRefund, refundPreview, refundView, refundWish } from '@souk/domain/sales/payments/refunds.contract';
import { giveBack } from '@souk/domain/sales/payments/refunds.flow';
import { getRefund, previewRefund } from '@souk/domain/sales/payments/refunds.service';
import { Allow, NeedsIdempotencyKey, Says } from '@souk/platform/http/allow';
import { dtoOf, idParam, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { GATEWAYS, RUN } from '@souk/platform/tokens';

class RefundDto extends dtoOf(refundView) {}
class RefundPreviewDto extends dtoOf(refundPreview) {}
class RefundWishDto extends dtoOf(refundWish) {}
class NewRefundDto extends dtoOf(newRefund) {}

/** Money on its way back. Making one needs an `Idempotency-Key`: a repeated request never gives back twice. */
@Controller('v1')
export class RefundsController {
  constructor(
    @Inject(RUN) private readonly run: Run,
    @Inject(GATEWAYS) private readonly gateways: Gateways,
  ) {}

  /** What a refund would come to. Changes nothing. */
  @Post('payments/:id/refund-preview')
  @Says('Show what a refund would come to')
  @Allow(canRefund.read)
  @ZodResponse({ status: 200, type: RefundPreviewDto })
  preview(@CurrentSession() session: Session, @Param('id', idParam('pay')) id: Id<'pay'>, @Body() body: RefundWishDto) {
    return this.run(session, (ctx) => previewRefund(ctx, id, body));
  }

  @Post('payments/:id/refunds')
  @Says('Give money back')
  @NeedsIdempotencyKey()
  @Allow(canRefund.write)
  @ZodResponse({ status: 201, type: RefundDto })
  create(@CurrentSession() session: Session, @Param('id', idParam('pay')) id: Id<'pay'>, @Body() body: NewRefundDto) {
    return giveBack(this.run, this.gateways, session, id, body);
  }

  @Get('refunds/:id')
  @Says('Show a refund')
  @Allow(canRefund.read)
  @ZodResponse({ status: 200, type: RefundDto })
  show(@CurrentSession() session: Session, @Param('id', idParam('rfd')) id: Id<'rfd'>) {
    return this.run(session, (ctx) => getRefund(ctx, id));
  }
}
