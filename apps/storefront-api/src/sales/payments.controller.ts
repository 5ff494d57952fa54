import { Controller, Headers, Inject, Param, Post } from '@nestjs/common';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { checkoutScope } from '@souk/domain/sales/checkout/checkout.access';
import { orderAccessOf } from '@souk/domain/sales/orders/order-links.service';
import type { Gateways } from '@souk/domain/sales/payments/gateway';
import { verificationView } from '@souk/domain/sales/payments/payments.contract';
import { verifyPayment } from '@souk/domain/sales/payments/verification.flow';
import { Says, Scope } from '@souk/platform/http/allow';
import { dtoOf, idParam, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { GATEWAYS, RUN } from '@souk/platform/tokens';

class PaymentVerificationDto extends dtoOf(verificationView) {}

/** How a payment stands, for its shopper: a guest with `X-Order-Token`, or the customer whose order it is. */
@Controller('v1/payments')
export class PaymentsController {
  constructor(
    @Inject(RUN) private readonly run: Run,
    @Inject(GATEWAYS) private readonly gateways: Gateways,
  ) {}

  /** The browser came back from the provider: asks the provider how it went. */
  @Post(':id/verification')
  @Says('Ask the provider how a payment went')
  @Scope(checkoutScope.write)
  @ZodResponse({ status: 200, type: PaymentVerificationDto })
  verify(
    @CurrentSession() session: Session,
    @Param('id', idParam('pay')) id: Id<'pay'>,
    @Headers('x-order-token') token: string | undefined,
  ) {
    return verifyPayment(this.run, this.gateways, session, id, orderAccessOf(session, token));
  }
}
