import { Controller, Get, Headers, Inject, Param, Query } from '@nestjs/common';
import { customerIdOf } from '@souk/domain/identity/customers/customer-actor';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { listQuery } from '@souk/domain/kernel/page';
import { shopperOrderPage, shopperOrderPages } from '@souk/domain/sales/checkout/order-page.contract';
import { listOrderPagesOf, showOrderPage } from '@souk/domain/sales/checkout/order-page.service';
import { orderAccessOf } from '@souk/domain/sales/orders/order-links.service';
import { orderScope } from '@souk/domain/sales/orders/orders.access';
import { Says, Scope } from '@souk/platform/http/allow';
import { dtoOf, idParam, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class ShopperOrderDto extends dtoOf(shopperOrderPage) {}
class ShopperOrdersPageDto extends dtoOf(shopperOrderPages) {}
class OwnOrdersQueryDto extends dtoOf(listQuery) {}

/** What became of an order, for its shopper: a guest with `X-Order-Token`, or the customer it belongs to. */
@Controller('v1')
export class OrdersController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get('orders/:id')
  @Says('Show an order to its shopper')
  @Scope(orderScope.read)
  @ZodResponse({ status: 200, type: ShopperOrderDto })
  show(
    @CurrentSession() session: Session,
    @Param('id', idParam('ord')) id: Id<'ord'>,
    @Headers('x-order-token') token: string | undefined,
  ) {
    return this.run(session, (ctx) => showOrderPage(ctx, id, orderAccessOf(session, token)));
  }

  @Get('customers/me/orders')
  @Says('List the orders of the customer who is logged in')
  @Scope(orderScope.read, { customer: true })
  @ZodResponse({ status: 200, type: ShopperOrdersPageDto })
  own(@CurrentSession() session: Session, @Query() query: OwnOrdersQueryDto) {
    return this.run(session, (ctx) => listOrderPagesOf(ctx, customerIdOf(session), query));
  }
}
