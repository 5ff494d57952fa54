import { Body, Controller, Get, Inject, Param, Post, Put, Query } from '@nestjs/common';
import { disabledStaff, staffDisablement } from '@souk/domain/identity/api-keys/disablement.contract';
import { disableWithKeys } from '@souk/domain/identity/api-keys/disablement.service';
import { can } from '@souk/domain/identity/staff/staff.access';
import { staffPage, staffQuery, staffRolesInput, staffView } from '@souk/domain/identity/staff/staff.contract';
import { getStaff, listStaff } from '@souk/domain/identity/staff/staff.service';
import { enableStaff, setStaffRoles } from '@souk/domain/identity/staff/staff-roles.service';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { Allow } from '@souk/platform/http/allow';
import { dtoOf, idParam, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class StaffQueryDto extends dtoOf(staffQuery) {}
class StaffPageDto extends dtoOf(staffPage) {}
class StaffDto extends dtoOf(staffView) {}
class StaffRolesDto extends dtoOf(staffRolesInput) {}
class StaffDisablementDto extends dtoOf(staffDisablement) {}
class DisabledStaffDto extends dtoOf(disabledStaff) {}

/** The people who work here. */
@Controller('v1/staff')
export class StaffController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get()
  @Allow(can.read)
  @ZodResponse({ status: 200, type: StaffPageDto })
  list(@CurrentSession() session: Session, @Query() query: StaffQueryDto) {
    return this.run(session, (ctx) => listStaff(ctx, query));
  }

  @Get(':id')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: StaffDto })
  get(@CurrentSession() session: Session, @Param('id', idParam('stf')) id: Id<'stf'>) {
    return this.run(session, (ctx) => getStaff(ctx, id));
  }

  @Put(':id/roles')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: StaffDto })
  setRoles(
    @CurrentSession() session: Session,
    @Param('id', idParam('stf')) id: Id<'stf'>,
    @Body() body: StaffRolesDto,
  ) {
    return this.run(session, (ctx) => setStaffRoles(ctx, id, body.roleIds));
  }

  @Post(':id/disablement')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: DisabledStaffDto })
  disable(
    @CurrentSession() session: Session,
    @Param('id', idParam('stf')) id: Id<'stf'>,
    @Body() body: StaffDisablementDto,
  ) {
    return this.run(session, (ctx) => disableWithKeys(ctx, id, body));
  }

  @Post(':id/enablement')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: StaffDto })
  enable(@CurrentSession() session: Session, @Param('id', idParam('stf')) id: Id<'stf'>) {
    return this.run(session, (ctx) => enableStaff(ctx, id));
  }
}
