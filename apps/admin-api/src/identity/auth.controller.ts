import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import type { AccessTokens } from '@souk/domain/identity/sessions/access-tokens';
import type { Attempts } from '@souk/domain/identity/sessions/attempts';
import { logoutInput, refreshed, refreshInput } from '@souk/domain/identity/sessions/sessions.contract';
import { refresh } from '@souk/domain/identity/sessions/sessions.flow';
import { logOut } from '@souk/domain/identity/sessions/sessions.service';
import { login, loginWithCode } from '@souk/domain/identity/two-factor/login.flow';
import { loggedIn, loginInput, loginResult, mfaInput } from '@souk/domain/identity/two-factor/two-factor.contract';
import type { Run, RunUnscoped, Session } from '@souk/domain/kernel/ctx';
import { EvenSuspended, Public, SignedIn, WithoutIdempotency } from '@souk/platform/http/allow';
import { dtoNamed, dtoOf, ZodResponse } from '@souk/platform/http/contract-class';
import { type Caller, CurrentCaller, CurrentSession } from '@souk/platform/http/session';
import { ACCESS_TOKENS, ATTEMPTS, RUN, UNSCOPED } from '@souk/platform/tokens';

class LoginDto extends dtoOf(loginInput) {}
const LoginResultDto = dtoNamed('LoginResultDto', loginResult);
class MfaDto extends dtoOf(mfaInput) {}
class LoggedInDto extends dtoOf(loggedIn) {}
class RefreshDto extends dtoOf(refreshInput) {}
class RefreshedDto extends dtoOf(refreshed) {}
class LogoutDto extends dtoOf(logoutInput) {}

/** The door of the staff: in, on, and out. */
@Controller('v1/auth')
export class AuthController {
  constructor(
    @Inject(RUN) private readonly run: Run,
    @Inject(UNSCOPED) readonly unscoped: RunUnscoped,
    @Inject(ACCESS_TOKENS) readonly accessTokens: AccessTokens,
    @Inject(ATTEMPTS) readonly attempts: Attempts,
  ) {}

  @Post('login')
  @Public()
  @WithoutIdempotency()
  @ZodResponse({ status: 200, type: LoginResultDto })
  login(@CurrentCaller() caller: Caller, @Body() body: LoginDto) {
    return login(this.run, this, caller, body);
  }

  @Post('mfa')
  @Public()
  @WithoutIdempotency()
  @ZodResponse({ status: 200, type: LoggedInDto })
  mfa(@CurrentCaller() caller: Caller, @Body() body: MfaDto) {
    return loginWithCode(this.run, this, caller, body);
  }

  @Post('refresh')
  @Public()
  @WithoutIdempotency()
  @ZodResponse({ status: 200, type: RefreshedDto })
  refresh(@CurrentCaller() caller: Caller, @Body() body: RefreshDto) {
    return refresh(this.run, this, caller, body);
  }

  @Post('logout')
  @SignedIn()
  @EvenSuspended()
  @WithoutIdempotency()
  @HttpCode(204)
  async logout(@CurrentSession() session: Session, @Body() body: LogoutDto): Promise<void> {
    await this.run(session, (ctx) => logOut(ctx, body));
  }
}
