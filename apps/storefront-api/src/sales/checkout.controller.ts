import { Body, Controller, Headers, Inject, Param, Post } from '@nestjs/common';
import type { Attempts } from '@souk/domain/identity/sessions/attempts';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { accessOf } from '@souk/domain/sales/carts/cart-access';
import { checkoutScope } from '@souk/domain/sales/checkout/checkout.access';
import { checkoutView, newCheckout } from '@souk/domain/sales/checkout/checkout.contract';
import { checkout } from '@souk/domain/sales/checkout/checkout.flow';
import type { Gateways } from '@souk/domain/sales/payments/gateway';
import { NeedsIdempotencyKey, Says, Scope } from '@souk/platform/http/allow';
import { dtoOf, idParam, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { ATTEMPTS, GATEWAYS, RUN } from '@souk/platform/tokens';

class CheckoutDto extends dtoOf(checkoutView) {}
class NewCheckoutDto extends dtoOf(newCheckout) {}

/** A cart becomes an order. Needs an `Idempotency-Key`: a repeated request never orders twice. */
@Controller('v1/carts')
export class CheckoutController {
  constructor(
    @Inject(RUN) private readonly run: Run,
    @Inject(GATEWAYS) private readonly gateways: Gateways,
    @Inject(ATTEMPTS) private readonly attempts: Attempts,
  ) {}

  @Post(':id/checkout')
  @Says('Order what is in a cart and begin its payment')
  @NeedsIdempotencyKey()
  @Scope(checkoutScope.write)
  @ZodResponse({ status: 201, type: CheckoutDto })
  checkout(
    @CurrentSession() session: Session,
    @Param('id', idParam('cart')) id: Id<'cart'>,
    @Headers('x-cart-token') token: string | undefined,
    @Body() body: NewCheckoutDto,
  ) {
    const { gateways, attempts } = this;
    return checkout(this.run, { gateways, attempts }, session, id, accessOf(session, token), body);
  }
}
