import { Body, Controller, Inject, Post } from '@nestjs/common';
import type { AccessTokens } from '@souk/domain/identity/sessions/access-tokens';
import type { Attempts } from '@souk/domain/identity/sessions/attempts';
import { systemClock } from '@souk/domain/kernel/clock';
import type { Run } from '@souk/domain/kernel/ctx';
import { registered, registrationInput } from '@souk/domain/setup/registration/registration.contract';
import { registerCompany } from '@souk/domain/setup/registration/registration.flow';
import type { ApiConfig } from '@souk/platform/config';
import { Public, WithoutIdempotency } from '@souk/platform/http/allow';
import { dtoOf, ZodResponse } from '@souk/platform/http/contract-class';
import { type Caller, CurrentCaller } from '@souk/platform/http/session';
import { ACCESS_TOKENS, ATTEMPTS, CONFIG, RUN } from '@souk/platform/tokens';

class RegistrationDto extends dtoOf(registrationInput) {}
class RegisteredDto extends dtoOf(registered) {}

/** Registration: the only way into the service for a company that is not here yet. */
@Controller('v1/companies')
export class CompaniesController {
  constructor(
    @Inject(RUN) private readonly run: Run,
    @Inject(ACCESS_TOKENS) private readonly accessTokens: AccessTokens,
    @Inject(ATTEMPTS) private readonly attempts: Attempts,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  @Post()
  @Public()
  @WithoutIdempotency()
  @ZodResponse({ status: 201, type: RegisteredDto })
  register(@CurrentCaller() caller: Caller, @Body() body: RegistrationDto) {
    const { accessTokens, attempts } = this;
    const ports = { accessTokens, attempts, clock: systemClock, policy: this.config.REGISTRATION };
    return registerCompany(this.run, ports, caller, body);
  }
}
