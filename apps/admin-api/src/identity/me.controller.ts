import { Body, Controller, Get, Inject, Patch } from '@nestjs/common';
import { me } from '@souk/domain/identity/sessions/me.contract';
import { getMe } from '@souk/domain/identity/sessions/me.service';
import { staffIdOf } from '@souk/domain/identity/sessions/visitor';
import { profilePatch, staffView } from '@souk/domain/identity/staff/staff.contract';
import { updateProfile } from '@souk/domain/identity/staff/staff.service';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import { SignedIn } from '@souk/platform/http/allow';
import { dtoOf, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class MeDto extends dtoOf(me) {}
class ProfilePatchDto extends dtoOf(profilePatch) {}
class StaffDto extends dtoOf(staffView) {}

/** Who I am here, and what I may do. */
@Controller('v1/me')
export class MeController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get()
  @SignedIn()
  @ZodResponse({ status: 200, type: MeDto })
  get(@CurrentSession() session: Session) {
    return this.run(session, getMe);
  }

  @Patch()
  @SignedIn()
  @ZodResponse({ status: 200, type: StaffDto })
  update(@CurrentSession() session: Session, @Body() body: ProfilePatchDto) {
    return this.run(session, (ctx) => updateProfile(ctx, staffIdOf(session), body));
  }
}
