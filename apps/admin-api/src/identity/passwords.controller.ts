import { Body, Controller, HttpCode, Inject, Post, Put } from '@nestjs/common';
import {
  passwordChange,
  passwordReset,
  passwordResetRequest,
} from '@souk/domain/identity/passwords/passwords.contract';
import {
  changeOwnPassword,
  requestPasswordReset,
  resetForgottenPassword,
} from '@souk/domain/identity/passwords/passwords.flow';
import type { Attempts } from '@souk/domain/identity/sessions/attempts';
import type { Run, RunUnscoped, Session } from '@souk/domain/kernel/ctx';
import { Public, SignedIn, WithoutIdempotency } from '@souk/platform/http/allow';
import { dtoOf } from '@souk/platform/http/contract-class';
import { type Caller, CurrentCaller, CurrentSession } from '@souk/platform/http/session';
import { ATTEMPTS, RUN, UNSCOPED } from '@souk/platform/tokens';

class PasswordChangeDto extends dtoOf(passwordChange) {}
class PasswordResetRequestDto extends dtoOf(passwordResetRequest) {}
class PasswordResetDto extends dtoOf(passwordReset) {}

/** Passwords: changed by those who know them, reset by mail by those who forgot. */
@Controller('v1')
export class PasswordsController {
  constructor(
    @Inject(RUN) private readonly run: Run,
    @Inject(UNSCOPED) readonly unscoped: RunUnscoped,
    @Inject(ATTEMPTS) readonly attempts: Attempts,
  ) {}

  @Put('me/password')
  @SignedIn()
  @HttpCode(204)
  async change(@CurrentSession() session: Session, @Body() body: PasswordChangeDto): Promise<void> {
    await changeOwnPassword(this.run, this, session, body);
  }

  @Post('auth/password-reset-requests')
  @Public()
  @WithoutIdempotency()
  @HttpCode(202)
  async request(@CurrentCaller() caller: Caller, @Body() body: PasswordResetRequestDto): Promise<void> {
    await requestPasswordReset(this.run, this, caller, body);
  }

  @Post('auth/password-resets')
  @Public()
  @WithoutIdempotency()
  @HttpCode(204)
  async reset(@CurrentCaller() caller: Caller, @Body() body: PasswordResetDto): Promise<void> {
    await resetForgottenPassword(this.run, this, caller, body);
  }
}
