import { Body, Controller, Delete, Get, Headers, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import {
  customerGroupPatch,
  customerGroupsPage,
  customerGroupsQuery,
  customerGroupView,
  groupMembers,
  newCustomerGroup,
} from '@souk/domain/identity/customers/customer-groups.contract';
import {
  addMembers,
  createGroup,
  deleteGroup,
  getGroup,
  listGroups,
  removeMember,
  updateGroup,
} from '@souk/domain/identity/customers/customer-groups.service';
import { can } from '@souk/domain/identity/customers/customers.access';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { Allow, Says } from '@souk/platform/http/allow';
import { dtoOf, idParam, ZodResponse } from '@souk/platform/http/contract-class';
import { expectedVersion } from '@souk/platform/http/if-match';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class CustomerGroupDto extends dtoOf(customerGroupView) {}
class CustomerGroupsPageDto extends dtoOf(customerGroupsPage) {}
class CustomerGroupsQueryDto extends dtoOf(customerGroupsQuery) {}
class NewCustomerGroupDto extends dtoOf(newCustomerGroup) {}
class CustomerGroupPatchDto extends dtoOf(customerGroupPatch) {}
class GroupMembersDto extends dtoOf(groupMembers) {}

/** Groups of customers. Who is in one: `GET /v1/customers?group=`. */
@Controller('v1/customer-groups')
export class CustomerGroupsController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get()
  @Says('List groups of customers')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: CustomerGroupsPageDto })
  list(@CurrentSession() session: Session, @Query() query: CustomerGroupsQueryDto) {
    return this.run(session, (ctx) => listGroups(ctx, query));
  }

  @Post()
  @Says('Make a group of customers')
  @Allow(can.write)
  @ZodResponse({ status: 201, type: CustomerGroupDto })
  create(@CurrentSession() session: Session, @Body() body: NewCustomerGroupDto) {
    return this.run(session, (ctx) => createGroup(ctx, body));
  }

  @Get(':id')
  @Says('Show a group of customers')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: CustomerGroupDto })
  show(@CurrentSession() session: Session, @Param('id', idParam('cgr')) id: Id<'cgr'>) {
    return this.run(session, (ctx) => getGroup(ctx, id));
  }

  @Patch(':id')
  @Says('Change a group of customers')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: CustomerGroupDto })
  update(
    @CurrentSession() session: Session,
    @Param('id', idParam('cgr')) id: Id<'cgr'>,
    @Body() body: CustomerGroupPatchDto,
    @Headers('if-match') ifMatch: string | undefined,
  ) {
    return this.run(session, (ctx) => updateGroup(ctx, id, body, expectedVersion(ifMatch)));
  }

  @Delete(':id')
  @Says('Delete a group of customers')
  @Allow(can.write)
  @HttpCode(204)
  async delete(@CurrentSession() session: Session, @Param('id', idParam('cgr')) id: Id<'cgr'>): Promise<void> {
    await this.run(session, (ctx) => deleteGroup(ctx, id));
  }

  @Post(':id/members')
  @Says('Put customers into a group')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: CustomerGroupDto })
  addMembers(
    @CurrentSession() session: Session,
    @Param('id', idParam('cgr')) id: Id<'cgr'>,
    @Body() body: GroupMembersDto,
  ) {
    return this.run(session, (ctx) => addMembers(ctx, id, body.customerIds));
  }

  @Delete(':id/members/:customerId')
  @Says('Take a customer out of a group')
  @Allow(can.write)
  @HttpCode(204)
  async removeMember(
    @CurrentSession() session: Session,
    @Param('id', idParam('cgr')) id: Id<'cgr'>,
    @Param('customerId', idParam('cus')) customerId: Id<'cus'>,
  ): Promise<void> {
    await this.run(session, (ctx) => removeMember(ctx, id, customerId));
  }
}
