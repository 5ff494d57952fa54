import { Body, Controller, Inject, Post } from '@nestjs/common';
import type { Run } from '@souk/domain/kernel/ctx';
import { shopperOrderPage } from '@souk/domain/sales/checkout/order-page.contract';
import { showLinkedOrderPage } from '@souk/domain/sales/checkout/order-page.service';
import { orderLinkVisitor } from '@souk/domain/sales/orders/order-links.service';
import { orderLinkOpening } from '@souk/domain/sales/orders/orders.contract';
import { Public, Says, WithoutIdempotency } from '@souk/platform/http/allow';
import { dtoOf, ZodResponse } from '@souk/platform/http/contract-class';
import { type Caller, CurrentCaller } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class LinkedOrderDto extends dtoOf(shopperOrderPage) {}
class OrderLinkOpeningDto extends dtoOf(orderLinkOpening) {}

/**
 * For the page of an order that this API serves itself (`/account/order`), where links in mails lead while a shop has no
 * pages of its own: it has no API key, and the token of the link names its company.
 */
@Controller('v1/account-links')
export class OrderLinksController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Post('order')
  @Says('Open the order of a mailed link, without an API key')
  @Public()
  @WithoutIdempotency()
  @ZodResponse({ status: 200, type: LinkedOrderDto })
  open(@CurrentCaller() caller: Caller, @Body() { token }: OrderLinkOpeningDto) {
    return this.run(orderLinkVisitor(token, caller), (ctx) => showLinkedOrderPage(ctx, token));
  }
}
