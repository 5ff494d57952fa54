import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import type { Attempts } from '@souk/domain/identity/sessions/attempts';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import { lookUpOrder } from '@souk/domain/sales/orders/order-lookups.flow';
import { orderScope } from '@souk/domain/sales/orders/orders.access';
import { newOrderLookup } from '@souk/domain/sales/orders/orders.contract';
import { Says, Scope, WithoutIdempotency } from '@souk/platform/http/allow';
import { dtoOf } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { ATTEMPTS, RUN } from '@souk/platform/tokens';

class NewOrderLookupDto extends dtoOf(newOrderLookup) {}

/** A guest who lost their link asks for another one. */
@Controller('v1/order-lookups')
export class OrderLookupsController {
  constructor(
    @Inject(RUN) private readonly run: Run,
    @Inject(ATTEMPTS) private readonly attempts: Attempts,
  ) {}

  /** Always 202: it tells nobody whether there is such an order. If there is, a link goes to its address. */
  @Post()
  @Says('Mail a guest the link to their order')
  @Scope(orderScope.read)
  @WithoutIdempotency()
  @HttpCode(202)
  async request(@CurrentSession() session: Session, @Body() body: NewOrderLookupDto): Promise<void> {
    await lookUpOrder(this.run, this.attempts, session, body);
  }
}
