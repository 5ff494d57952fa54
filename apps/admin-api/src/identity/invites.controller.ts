import { Body, Controller, Get, Inject, Param, Post, Query } from '@nestjs/common';
import { keyPermissions } from '@souk/domain/identity/api-keys/standing.service';
import {
  inviteAcceptance,
  invitePage,
  inviteQuery,
  inviteView,
  newInvite,
} from '@souk/domain/identity/invites/invites.contract';
import { inviteAgain, inviteStaff, takeUpInvite } from '@souk/domain/identity/invites/invites.flow';
import { getInvite, listInvites, revokeInvite } from '@souk/domain/identity/invites/invites.service';
import type { AccessTokens } from '@souk/domain/identity/sessions/access-tokens';
import type { Attempts } from '@souk/domain/identity/sessions/attempts';
import { can } from '@souk/domain/identity/staff/staff.access';
import { loggedIn } from '@souk/domain/identity/two-factor/two-factor.contract';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { Allow, Public, WithoutIdempotency } from '@souk/platform/http/allow';
import { dtoOf, idParam, ZodResponse } from '@souk/platform/http/contract-class';
import { type Caller, CurrentCaller, CurrentSession } from '@souk/platform/http/session';
import { ACCESS_TOKENS, ATTEMPTS, RUN } from '@souk/platform/tokens';

class NewInviteDto extends dtoOf(newInvite) {}
class InviteDto extends dtoOf(inviteView) {}
class InvitePageDto extends dtoOf(invitePage) {}
class InviteQueryDto extends dtoOf(inviteQuery) {}
class InviteAcceptanceDto extends dtoOf(inviteAcceptance) {}
class LoggedInDto extends dtoOf(loggedIn) {}

/** Places offered to people who do not work here yet. */
@Controller('v1/invites')
export class InvitesController {
  readonly keyPermissions = keyPermissions;

  constructor(
    @Inject(RUN) private readonly run: Run,
    @Inject(ACCESS_TOKENS) readonly accessTokens: AccessTokens,
    @Inject(ATTEMPTS) readonly attempts: Attempts,
  ) {}

  @Get()
  @Allow(can.read)
  @ZodResponse({ status: 200, type: InvitePageDto })
  list(@CurrentSession() session: Session, @Query() query: InviteQueryDto) {
    return this.run(session, (ctx) => listInvites(ctx, query));
  }

  @Post()
  @Allow(can.write)
  @ZodResponse({ status: 201, type: InviteDto })
  invite(@CurrentSession() session: Session, @Body() body: NewInviteDto) {
    return inviteStaff(this.run, this, session, body);
  }

  @Post('acceptance')
  @Public()
  @WithoutIdempotency()
  @ZodResponse({ status: 201, type: LoggedInDto })
  accept(@CurrentCaller() caller: Caller, @Body() body: InviteAcceptanceDto) {
    return takeUpInvite(this.run, this, caller, body);
  }

  @Get(':id')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: InviteDto })
  get(@CurrentSession() session: Session, @Param('id', idParam('inv')) id: Id<'inv'>) {
    return this.run(session, (ctx) => getInvite(ctx, id));
  }

  @Post(':id/resending')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: InviteDto })
  resend(@CurrentSession() session: Session, @Param('id', idParam('inv')) id: Id<'inv'>) {
    return inviteAgain(this.run, this, session, id);
  }

  @Post(':id/revocation')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: InviteDto })
  revoke(@CurrentSession() session: Session, @Param('id', idParam('inv')) id: Id<'inv'>) {
    return this.run(session, (ctx) => revokeInvite(ctx, id));
  }
}
