import { Controller, Get, Headers, Inject, Param, Query } from '@nestjs/common';
import { customerIdOf } from '@souk/domain/identity/customers/customer-actor';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { listQuery } from '@souk/domain/kernel/page';
import { listOrdersOf } from '@souk/domain/sales/orders/customer-orders.service';
import { openOrder, orderAccessOf } from '@souk/domain/sales/orders/order-links.service';
import { shopperViewOf } from '@souk/domain/sales/orders/order-views';
import { orderScope } from '@souk/domain/sales/orders/orders.access';
import { shopperOrdersPage, shopperOrderView } from '@souk/domain/sales/orders/orders.contract';
import { Scope } from '@souk/platform/http/allow';
import { dtoOf, idParam, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class ShopperOrderDto extends dtoOf(shopperOrderView) {}
class ShopperOrdersPageDto extends dtoOf(shopperOrdersPage) {}
class OwnOrdersQueryDto extends dtoOf(listQuery) {}

/** What became of an order, for its shopper: a guest with `X-Order-Token`, or the customer it belongs to. */
@Controller('v1')
export class OrdersController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get('orders/:id')
  @Scope(orderScope.read)
  @ZodResponse({ status: 200, type: ShopperOrderDto })
  show(
    @CurrentSession() session: Session,
    @Param('id', idParam('ord')) id: Id<'ord'>,
    @Headers('x-order-token') token: string | undefined,
  ) {
    return this.run(session, async (ctx) => shopperViewOf(await openOrder(ctx, id, orderAccessOf(session, token))));
  }

  @Get('customers/me/orders')
  @Scope(orderScope.read, { customer: true })
  @ZodResponse({ status: 200, type: ShopperOrdersPageDto })
  own(@CurrentSession() session: Session, @Query() query: OwnOrdersQueryDto) {
    return this.run(session, (ctx) => listOrdersOf(ctx, customerIdOf(session), query));
  }
}
