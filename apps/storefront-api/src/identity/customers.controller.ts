import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import {
  customerPasswordReset,
  customerRegistration,
  customerResetRequest,
  customerVerification,
} from '@souk/domain/identity/customer-accounts/customer-accounts.contract';
import {
  confirmEmail,
  requestCustomerPasswordReset,
  resetForgottenCustomerPassword,
  signUpCustomer,
} from '@souk/domain/identity/customer-accounts/customer-accounts.flow';
import { logInCustomer, refreshCustomer } from '@souk/domain/identity/customer-sessions/customer-login.flow';
import { customerLoggedIn, customerLogin } from '@souk/domain/identity/customer-sessions/customer-sessions.contract';
import { logOutCustomer } from '@souk/domain/identity/customer-sessions/customer-sessions.service';
import type { CustomerTokens } from '@souk/domain/identity/customer-sessions/customer-tokens';
import { customersScope } from '@souk/domain/identity/customers/customers.access';
import type { Attempts } from '@souk/domain/identity/sessions/attempts';
import { logoutInput, refreshed, refreshInput } from '@souk/domain/identity/sessions/sessions.contract';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import { whenVerified } from '@souk/domain/setup/customer-duties/customer-duties';
import { Says, Scope, WithoutIdempotency } from '@souk/platform/http/allow';
import { dtoOf, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { ATTEMPTS, CUSTOMER_TOKENS, RUN } from '@souk/platform/tokens';

class CustomerRegistrationDto extends dtoOf(customerRegistration) {}
class CustomerVerificationDto extends dtoOf(customerVerification) {}
class CustomerLoginDto extends dtoOf(customerLogin) {}
class CustomerLoggedInDto extends dtoOf(customerLoggedIn) {}
class RefreshDto extends dtoOf(refreshInput) {}
class RefreshedDto extends dtoOf(refreshed) {}
class LogoutDto extends dtoOf(logoutInput) {}
class CustomerResetRequestDto extends dtoOf(customerResetRequest) {}
class CustomerPasswordResetDto extends dtoOf(customerPasswordReset) {}

/** The door of a shop's customers: in, on, and out. */
@Controller('v1/customers')
export class CustomersController {
  readonly whenVerified = whenVerified;

  constructor(
    @Inject(RUN) private readonly run: Run,
    @Inject(ATTEMPTS) readonly attempts: Attempts,
    @Inject(CUSTOMER_TOKENS) readonly customerTokens: CustomerTokens,
  ) {}

  @Post()
  @Says('Register a customer')
  @Scope(customersScope.write)
  @WithoutIdempotency()
  @HttpCode(202)
  async register(@CurrentSession() session: Session, @Body() body: CustomerRegistrationDto): Promise<void> {
    await signUpCustomer(this.run, this, session, body);
  }

  @Post('verification')
  @Says('Confirm an email address by the link that was mailed')
  @Scope(customersScope.write)
  @WithoutIdempotency()
  @HttpCode(204)
  async verify(@CurrentSession() session: Session, @Body() body: CustomerVerificationDto): Promise<void> {
    await confirmEmail(this.run, this, session, body);
  }

  @Post('login')
  @Says('Log a customer in')
  @Scope(customersScope.write)
  @WithoutIdempotency()
  @ZodResponse({ status: 200, type: CustomerLoggedInDto })
  login(@CurrentSession() session: Session, @Body() body: CustomerLoginDto) {
    return logInCustomer(this.run, this, session, body);
  }

  @Post('refresh')
  @Says('Swap a refresh token for new tokens')
  @Scope(customersScope.write)
  @WithoutIdempotency()
  @ZodResponse({ status: 200, type: RefreshedDto })
  refresh(@CurrentSession() session: Session, @Body() body: RefreshDto) {
    return refreshCustomer(this.run, this, session, body);
  }

  @Post('logout')
  @Says('Log a customer out')
  @Scope(customersScope.write, { customer: true })
  @WithoutIdempotency()
  @HttpCode(204)
  async logout(@CurrentSession() session: Session, @Body() body: LogoutDto): Promise<void> {
    await this.run(session, (ctx) => logOutCustomer(ctx, body));
  }

  @Post('password-reset-requests')
  @Says('Mail a link to choose a new password')
  @Scope(customersScope.write)
  @WithoutIdempotency()
  @HttpCode(202)
  async requestReset(@CurrentSession() session: Session, @Body() body: CustomerResetRequestDto): Promise<void> {
    await requestCustomerPasswordReset(this.run, this, session, body);
  }

  @Post('password-resets')
  @Says('Choose a new password by the link that was mailed')
  @Scope(customersScope.write)
  @WithoutIdempotency()
  @HttpCode(204)
  async resetPassword(@CurrentSession() session: Session, @Body() body: CustomerPasswordResetDto): Promise<void> {
    await resetForgottenCustomerPassword(this.run, this, session, body);
  }
}
