import { Controller, Get, Inject, Query } from '@nestjs/common';
import { storeScope } from '@souk/domain/company/companies/companies.access';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Gateways } from '@souk/domain/sales/payments/gateway';
import { chargeableBy } from '@souk/domain/sales/payments/payment-means.service';
import { paymentOptionsPage, paymentOptionsQuery } from '@souk/domain/sales/payments/payment-options.contract';
import { listPaymentOptions } from '@souk/domain/sales/payments/payment-options.service';
import { Says, Scope } from '@souk/platform/http/allow';
import { dtoOf, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { GATEWAYS, RUN } from '@souk/platform/tokens';

class PaymentOptionsPageDto extends dtoOf(paymentOptionsPage) {}
class PaymentOptionsQueryDto extends dtoOf(paymentOptionsQuery) {}

/** How the shop can be paid, for the page where a shopper chooses. */
@Controller('v1/payment-options')
export class PaymentOptionsController {
  constructor(
    @Inject(RUN) private readonly run: Run,
    @Inject(GATEWAYS) private readonly gateways: Gateways,
  ) {}

  /** Only what takes the currency: another provider would be refused at checkout. */
  @Get()
  @Says('List the ways the shop can be paid')
  @Scope(storeScope.read)
  @ZodResponse({ status: 200, type: PaymentOptionsPageDto })
  list(@CurrentSession() session: Session, @Query() query: PaymentOptionsQueryDto) {
    return this.run(session, (ctx) => listPaymentOptions(ctx, chargeableBy(this.gateways), query));
  }
}
