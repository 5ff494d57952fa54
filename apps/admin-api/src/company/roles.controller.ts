import { Body, Controller, Delete, Get, Headers, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import { can } from '@souk/domain/company/iam/iam.access';
import { newRole, roleCopy, rolePatch, rolesPage, rolesQuery, roleView } from '@souk/domain/company/iam/iam.contract';
import { copyRole, createRole, getRole, listRoles, updateRole } from '@souk/domain/company/iam/roles.service';
import { removeRole } from '@souk/domain/identity/invites/role-removal.service';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { Allow } from '@souk/platform/http/allow';
import { dtoOf, idParam, ZodResponse } from '@souk/platform/http/contract-class';
import { expectedVersion } from '@souk/platform/http/if-match';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class RoleDto extends dtoOf(roleView) {}
class RolesPageDto extends dtoOf(rolesPage) {}
class RolesQueryDto extends dtoOf(rolesQuery) {}
class NewRoleDto extends dtoOf(newRole) {}
class RolePatchDto extends dtoOf(rolePatch) {}
class RoleCopyDto extends dtoOf(roleCopy) {}

/** What staff may do, bundled and named. */
@Controller('v1/roles')
export class RolesController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get()
  @Allow(can.read)
  @ZodResponse({ status: 200, type: RolesPageDto })
  list(@CurrentSession() session: Session, @Query() query: RolesQueryDto) {
    return this.run(session, (ctx) => listRoles(ctx, query));
  }

  @Get(':id')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: RoleDto })
  show(@CurrentSession() session: Session, @Param('id', idParam('role')) id: Id<'role'>) {
    return this.run(session, (ctx) => getRole(ctx, id));
  }

  @Post()
  @Allow(can.write)
  @ZodResponse({ status: 201, type: RoleDto })
  create(@CurrentSession() session: Session, @Body() body: NewRoleDto) {
    return this.run(session, (ctx) => createRole(ctx, body));
  }

  @Post(':id/copies')
  @Allow(can.write)
  @ZodResponse({ status: 201, type: RoleDto })
  copy(@CurrentSession() session: Session, @Param('id', idParam('role')) id: Id<'role'>, @Body() body: RoleCopyDto) {
    return this.run(session, (ctx) => copyRole(ctx, id, body));
  }

  @Patch(':id')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: RoleDto })
  update(
    @CurrentSession() session: Session,
    @Param('id', idParam('role')) id: Id<'role'>,
    @Body() body: RolePatchDto,
    @Headers('if-match') ifMatch: string | undefined,
  ) {
    return this.run(session, (ctx) => updateRole(ctx, id, body, expectedVersion(ifMatch)));
  }

  @Delete(':id')
  @Allow(can.write)
  @HttpCode(204)
  async delete(@CurrentSession() session: Session, @Param('id', idParam('role')) id: Id<'role'>): Promise<void> {
    await this.run(session, (ctx) => removeRole(ctx, id));
  }
}
