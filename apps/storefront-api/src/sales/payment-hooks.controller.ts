import { Controller, Inject, Param, Post } from '@nestjs/common';
import type { Run } from '@souk/domain/kernel/ctx';
import type { Gateways } from '@souk/domain/sales/payments/gateway';
import { hookCompany, hookReceipt } from '@souk/domain/sales/payments/notices.contract';
import { receiveHook } from '@souk/domain/sales/payments/notices.flow';
import { providerParam } from '@souk/domain/sales/payments/payment-providers.contract';
import { Public, Says, WithoutIdempotency } from '@souk/platform/http/allow';
import { dtoOf, pathParam, ZodResponse } from '@souk/platform/http/contract-class';
import { type Caller, CurrentCaller } from '@souk/platform/http/session';
import { SignedBody, type SignedBytes, TakesSignedBody } from '@souk/platform/http/signed-body';
import { GATEWAYS, RUN } from '@souk/platform/tokens';

class HookReceiptDto extends dtoOf(hookReceipt) {}

/** Where payment providers send their webhooks: the address names the company, the signature proves the sender. */
@Controller('v1/hooks')
export class PaymentHooksController {
  constructor(
    @Inject(RUN) private readonly run: Run,
    @Inject(GATEWAYS) private readonly gateways: Gateways,
  ) {}

  /** Stores it and answers; what it is about is asked of the provider afterwards. */
  @Post(':companyId/:provider')
  @Says('Take a notice from a payment provider')
  @Public()
  @WithoutIdempotency()
  @TakesSignedBody()
  @ZodResponse({ status: 200, type: HookReceiptDto })
  async take(
    @Param('companyId', pathParam(hookCompany)) companyId: string,
    @Param('provider', pathParam(providerParam)) provider: string,
    @SignedBody() { body, headers }: SignedBytes,
    @CurrentCaller() { requestId }: Caller,
  ) {
    await receiveHook(this.run, this.gateways, { companyId, provider, body, headers, requestId });
    return { received: true };
  }
}
