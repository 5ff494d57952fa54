import { Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { sessionPage, sessionQuery } from '@souk/domain/identity/sessions/sessions.contract';
import { endSession, listSessions } from '@souk/domain/identity/sessions/sessions.service';
import { staffIdOf } from '@souk/domain/identity/sessions/visitor';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { EvenSuspended, SignedIn } from '@souk/platform/http/allow';
import { dtoOf, idParam, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class SessionQueryDto extends dtoOf(sessionQuery) {}
class SessionPageDto extends dtoOf(sessionPage) {}

/** Where I am logged in. */
@Controller('v1/me/sessions')
export class SessionsController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get()
  @SignedIn()
  @ZodResponse({ status: 200, type: SessionPageDto })
  list(@CurrentSession() session: Session, @Query() query: SessionQueryDto) {
    return this.run(session, (ctx) => listSessions(ctx, staffIdOf(session), query));
  }

  @Post(':id/revocation')
  @SignedIn()
  @EvenSuspended()
  @HttpCode(204)
  async revoke(@CurrentSession() session: Session, @Param('id', idParam('ses')) id: Id<'ses'>): Promise<void> {
    await this.run(session, (ctx) => endSession(ctx, staffIdOf(session), id, 'revoked'));
  }
}
