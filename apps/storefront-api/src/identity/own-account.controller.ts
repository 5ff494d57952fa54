import { Body, Controller, Get, HttpCode, Inject, Patch, Post, Put } from '@nestjs/common';
import {
  customerEmailChange,
  customerErasure,
  personalData,
} from '@souk/domain/identity/customer-accounts/customer-accounts.contract';
import {
  changeOwnCustomerPassword,
  changeOwnEmail,
  eraseOneself,
  verifyAgain,
} from '@souk/domain/identity/customer-accounts/customer-accounts.flow';
import { exportCustomer } from '@souk/domain/identity/customer-accounts/personal-data.service';
import { customerIdOf } from '@souk/domain/identity/customers/customer-actor';
import { customersScope } from '@souk/domain/identity/customers/customers.access';
import { customerProfile, profilePatch } from '@souk/domain/identity/customers/customers.contract';
import { getProfile, updateProfile } from '@souk/domain/identity/customers/customers.service';
import { passwordChange } from '@souk/domain/identity/passwords/passwords.contract';
import type { Attempts } from '@souk/domain/identity/sessions/attempts';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import { erasers, personalDataParts } from '@souk/domain/setup/customer-duties/customer-duties';
import { Says, Scope, WithoutIdempotency } from '@souk/platform/http/allow';
import { dtoOf, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { ATTEMPTS, RUN } from '@souk/platform/tokens';

class CustomerProfileDto extends dtoOf(customerProfile) {}
class CustomerProfilePatchDto extends dtoOf(profilePatch) {}
class PasswordChangeDto extends dtoOf(passwordChange) {}
class CustomerEmailChangeDto extends dtoOf(customerEmailChange) {}
class CustomerErasureDto extends dtoOf(customerErasure) {}
class PersonalDataDto extends dtoOf(personalData) {}

/** What a logged-in customer sees and changes of themselves. */
@Controller('v1/customers/me')
export class OwnAccountController {
  readonly erasers = erasers;

  constructor(
    @Inject(RUN) private readonly run: Run,
    @Inject(ATTEMPTS) readonly attempts: Attempts,
  ) {}

  @Get()
  @Says('Show the customer who is logged in')
  @Scope(customersScope.write, { customer: true })
  @ZodResponse({ status: 200, type: CustomerProfileDto })
  show(@CurrentSession() session: Session) {
    return this.run(session, (ctx) => getProfile(ctx, customerIdOf(session)));
  }

  @Patch()
  @Says("Change one's own name and details")
  @Scope(customersScope.write, { customer: true })
  @ZodResponse({ status: 200, type: CustomerProfileDto })
  update(@CurrentSession() session: Session, @Body() body: CustomerProfilePatchDto) {
    return this.run(session, (ctx) => updateProfile(ctx, customerIdOf(session), body));
  }

  @Put('password')
  @Says("Change one's own password")
  @Scope(customersScope.write, { customer: true })
  @HttpCode(204)
  async changePassword(@CurrentSession() session: Session, @Body() body: PasswordChangeDto): Promise<void> {
    await changeOwnCustomerPassword(this.run, this, session, body);
  }

  @Post('email-changes')
  @Says("Move one's account to another email address")
  @Scope(customersScope.write, { customer: true })
  @WithoutIdempotency()
  @HttpCode(202)
  async changeEmail(@CurrentSession() session: Session, @Body() body: CustomerEmailChangeDto): Promise<void> {
    await changeOwnEmail(this.run, this, session, body);
  }

  @Post('verification-requests')
  @Says('Mail the link that confirms the address once more')
  @Scope(customersScope.write, { customer: true })
  @WithoutIdempotency()
  @HttpCode(202)
  async verifyAgain(@CurrentSession() session: Session): Promise<void> {
    await verifyAgain(this.run, this, session);
  }

  @Get('export')
  @Says('Show all that is kept about oneself')
  @Scope(customersScope.write, { customer: true })
  @ZodResponse({ status: 200, type: PersonalDataDto })
  export(@CurrentSession() session: Session) {
    return this.run(session, (ctx) => exportCustomer(ctx, customerIdOf(session), personalDataParts));
  }

  @Post('erasure')
  @Says("Erase one's own account")
  @Scope(customersScope.write, { customer: true })
  @WithoutIdempotency()
  @HttpCode(204)
  async erase(@CurrentSession() session: Session, @Body() body: CustomerErasureDto): Promise<void> {
    await eraseOneself(this.run, this, session, body);
  }
}
