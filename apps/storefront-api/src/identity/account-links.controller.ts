import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import {
  customerPasswordReset,
  customerVerification,
} from '@souk/domain/identity/customer-accounts/customer-accounts.contract';
import {
  confirmEmail,
  resetForgottenCustomerPassword,
} from '@souk/domain/identity/customer-accounts/customer-accounts.flow';
import { linkVisitor } from '@souk/domain/identity/customer-accounts/link-visitor';
import type { Attempts } from '@souk/domain/identity/sessions/attempts';
import type { Run } from '@souk/domain/kernel/ctx';
import { whenVerified } from '@souk/domain/setup/customer-duties/customer-duties';
import { Public, WithoutIdempotency } from '@souk/platform/http/allow';
import { dtoOf } from '@souk/platform/http/contract-class';
import { type Caller, CurrentCaller } from '@souk/platform/http/session';
import { ATTEMPTS, RUN } from '@souk/platform/tokens';

class CustomerVerificationDto extends dtoOf(customerVerification) {}
class CustomerPasswordResetDto extends dtoOf(customerPasswordReset) {}

/**
 * For the pages this API serves itself, where links in mails lead while a shop has no pages of its own: those pages have no
 * API key, and the token of the link names its company.
 */
@Controller('v1/account-links')
export class AccountLinksController {
  readonly whenVerified = whenVerified;

  constructor(
    @Inject(RUN) private readonly run: Run,
    @Inject(ATTEMPTS) readonly attempts: Attempts,
  ) {}

  @Post('verification')
  @Public()
  @WithoutIdempotency()
  @HttpCode(204)
  async verify(@CurrentCaller() caller: Caller, @Body() body: CustomerVerificationDto): Promise<void> {
    await confirmEmail(this.run, this, linkVisitor(body.token, caller), body);
  }

  @Post('password-reset')
  @Public()
  @WithoutIdempotency()
  @HttpCode(204)
  async resetPassword(@CurrentCaller() caller: Caller, @Body() body: CustomerPasswordResetDto): Promise<void> {
    await resetForgottenCustomerPassword(this.run, this, linkVisitor(body.token, caller), body);
  }
}
