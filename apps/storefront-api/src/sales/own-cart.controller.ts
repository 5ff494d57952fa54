import { Controller, Get, Inject } from '@nestjs/common';
import { customerIdOf } from '@souk/domain/identity/customers/customer-actor';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import { readOwnCart } from '@souk/domain/sales/carts/cart-owner.service';
import { cartViewOf } from '@souk/domain/sales/carts/cart-view';
import { cartScope } from '@souk/domain/sales/carts/carts.access';
import { cartView } from '@souk/domain/sales/carts/carts.contract';
import { AlsoRefuses, Says, Scope } from '@souk/platform/http/allow';
import { dtoOf, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class CartDto extends dtoOf(cartView) {}

/** The cart a logged-in customer goes on with: on another device nothing else knows its id. */
@Controller('v1/customers/me/cart')
export class OwnCartController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get()
  @Says('Show the open cart of the customer who is logged in')
  @AlsoRefuses(404)
  @Scope(cartScope.write, { customer: true })
  @ZodResponse({ status: 200, type: CartDto })
  show(@CurrentSession() session: Session) {
    return this.run(session, async (ctx) => cartViewOf(await readOwnCart(ctx, customerIdOf(session))));
  }
}
