import { Controller, Inject, Post } from '@nestjs/common';
import { can } from '@souk/domain/company/companies/companies.access';
import type { AccessTokens } from '@souk/domain/identity/sessions/access-tokens';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import { sandboxOpened } from '@souk/domain/setup/sandbox/sandbox.contract';
import { openSandbox } from '@souk/domain/setup/sandbox/sandbox.flow';
import { Allow, WithoutIdempotency } from '@souk/platform/http/allow';
import { dtoOf, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { ACCESS_TOKENS, RUN } from '@souk/platform/tokens';

class SandboxOpenedDto extends dtoOf(sandboxOpened) {}

/** A company's sandbox: a second company behind the same walls, for trying things. */
@Controller('v1/sandbox')
export class SandboxController {
  constructor(
    @Inject(RUN) private readonly run: Run,
    @Inject(ACCESS_TOKENS) private readonly accessTokens: AccessTokens,
  ) {}

  @Post()
  @Allow(can.own)
  @WithoutIdempotency()
  @ZodResponse({ status: 201, type: SandboxOpenedDto })
  open(@CurrentSession() session: Session) {
    return openSandbox(this.run, { accessTokens: this.accessTokens }, session);
  }
}
