import { Body, Controller, Get, HttpCode, Inject, Post } from '@nestjs/common';
import type { Attempts } from '@souk/domain/identity/sessions/attempts';
import { staffIdOf } from '@souk/domain/identity/sessions/visitor';
import {
  recoveryCodesShown,
  twoFactorConfirmation,
  twoFactorProof,
  twoFactorSetup,
  twoFactorStart,
  twoFactorStatus,
} from '@souk/domain/identity/two-factor/two-factor.contract';
import {
  replaceRecoveryCodes,
  setUpTwoFactor,
  turnOffTwoFactor,
  turnOnTwoFactor,
} from '@souk/domain/identity/two-factor/two-factor.flow';
import { twoFactorStatusOf } from '@souk/domain/identity/two-factor/two-factor.service';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import { SignedIn, WithoutIdempotency } from '@souk/platform/http/allow';
import { dtoOf, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { ATTEMPTS, RUN } from '@souk/platform/tokens';

class TwoFactorStatusDto extends dtoOf(twoFactorStatus) {}
class TwoFactorStartDto extends dtoOf(twoFactorStart) {}
class TwoFactorSetupDto extends dtoOf(twoFactorSetup) {}
class TwoFactorConfirmationDto extends dtoOf(twoFactorConfirmation) {}
class TwoFactorProofDto extends dtoOf(twoFactorProof) {}
class RecoveryCodesDto extends dtoOf(recoveryCodesShown) {}

/**
 * My second factor. Without idempotency: a code is good once, so a repeat is refused by itself, and what is shown once must
 * not be kept anywhere.
 */
@Controller('v1/me/two-factor')
export class TwoFactorController {
  constructor(
    @Inject(RUN) private readonly run: Run,
    @Inject(ATTEMPTS) readonly attempts: Attempts,
  ) {}

  @Get()
  @SignedIn()
  @ZodResponse({ status: 200, type: TwoFactorStatusDto })
  status(@CurrentSession() session: Session) {
    return this.run(session, (ctx) => twoFactorStatusOf(ctx, staffIdOf(session)));
  }

  @Post()
  @SignedIn()
  @WithoutIdempotency()
  @ZodResponse({ status: 201, type: TwoFactorSetupDto })
  start(@CurrentSession() session: Session, @Body() body: TwoFactorStartDto) {
    return setUpTwoFactor(this.run, this, session, body.password);
  }

  @Post('confirmation')
  @SignedIn()
  @WithoutIdempotency()
  @ZodResponse({ status: 200, type: RecoveryCodesDto })
  confirm(@CurrentSession() session: Session, @Body() body: TwoFactorConfirmationDto) {
    return turnOnTwoFactor(this.run, this, session, body.code);
  }

  @Post('recovery-codes')
  @SignedIn()
  @WithoutIdempotency()
  @ZodResponse({ status: 201, type: RecoveryCodesDto })
  renew(@CurrentSession() session: Session, @Body() body: TwoFactorProofDto) {
    return replaceRecoveryCodes(this.run, this, session, body);
  }

  @Post('removal')
  @SignedIn()
  @WithoutIdempotency()
  @HttpCode(204)
  async remove(@CurrentSession() session: Session, @Body() body: TwoFactorProofDto): Promise<void> {
    await turnOffTwoFactor(this.run, this, session, body);
  }
}
