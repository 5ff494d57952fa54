import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Put } from '@nestjs/common';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import { can } from '@souk/domain/sales/payments/payment-providers.access';
import {
  paymentProviderSetup,
  paymentProvidersPage,
  paymentProviderView,
  providerParam,
} from '@souk/domain/sales/payments/payment-providers.contract';
import {
  listPaymentProviders,
  removePaymentProvider,
  setUpPaymentProvider,
} from '@souk/domain/sales/payments/payment-providers.service';
import { Allow, Says } from '@souk/platform/http/allow';
import { dtoOf, pathParam, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class PaymentProviderDto extends dtoOf(paymentProviderView) {}
class PaymentProvidersPageDto extends dtoOf(paymentProvidersPage) {}
class PaymentProviderSetupDto extends dtoOf(paymentProviderSetup) {}

/** How a company is paid. Credentials go in and never come out. */
@Controller('v1/payment-providers')
export class PaymentProvidersController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get()
  @Says('List the ways to be paid, and which are set up')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: PaymentProvidersPageDto })
  list(@CurrentSession() session: Session) {
    return this.run(session, listPaymentProviders);
  }

  @Put(':provider')
  @Says('Set up a way to be paid, or replace its credentials')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: PaymentProviderDto })
  setUp(
    @CurrentSession() session: Session,
    @Param('provider', pathParam(providerParam)) provider: string,
    @Body() body: PaymentProviderSetupDto,
  ) {
    return this.run(session, (ctx) => setUpPaymentProvider(ctx, provider, body));
  }

  @Delete(':provider')
  @Says('Remove a way to be paid and forget its credentials')
  @Allow(can.write)
  @HttpCode(204)
  async remove(
    @CurrentSession() session: Session,
    @Param('provider', pathParam(providerParam)) provider: string,
  ): Promise<void> {
    await this.run(session, (ctx) => removePaymentProvider(ctx, provider));
  }
}
