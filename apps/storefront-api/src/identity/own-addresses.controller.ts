import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import { customerIdOf } from '@souk/domain/identity/customers/customer-actor';
import {
  customerAddressesPage,
  customerAddressesQuery,
  customerAddressPatch,
  customerAddressView,
  newCustomerAddress,
} from '@souk/domain/identity/customers/customer-addresses.contract';
import {
  addAddress,
  deleteAddress,
  getAddress,
  listAddresses,
  updateAddress,
} from '@souk/domain/identity/customers/customer-addresses.service';
import { customersScope } from '@souk/domain/identity/customers/customers.access';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { Says, Scope } from '@souk/platform/http/allow';
import { dtoOf, idParam, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class CustomerAddressDto extends dtoOf(customerAddressView) {}
class CustomerAddressesDto extends dtoOf(customerAddressesPage) {}
class CustomerAddressesQueryDto extends dtoOf(customerAddressesQuery) {}
class NewCustomerAddressDto extends dtoOf(newCustomerAddress) {}
class CustomerAddressPatchDto extends dtoOf(customerAddressPatch) {}

/** A customer's address book. */
@Controller('v1/customers/me/addresses')
export class OwnAddressesController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get()
  @Says("List one's own addresses")
  @Scope(customersScope.write, { customer: true })
  @ZodResponse({ status: 200, type: CustomerAddressesDto })
  list(@CurrentSession() session: Session, @Query() query: CustomerAddressesQueryDto) {
    return this.run(session, (ctx) => listAddresses(ctx, customerIdOf(session), query));
  }

  @Post()
  @Says('Add an address')
  @Scope(customersScope.write, { customer: true })
  @ZodResponse({ status: 201, type: CustomerAddressDto })
  add(@CurrentSession() session: Session, @Body() body: NewCustomerAddressDto) {
    return this.run(session, (ctx) => addAddress(ctx, customerIdOf(session), body));
  }

  @Get(':id')
  @Says("Show one of one's own addresses")
  @Scope(customersScope.write, { customer: true })
  @ZodResponse({ status: 200, type: CustomerAddressDto })
  show(@CurrentSession() session: Session, @Param('id', idParam('cadr')) id: Id<'cadr'>) {
    return this.run(session, (ctx) => getAddress(ctx, customerIdOf(session), id));
  }

  @Patch(':id')
  @Says('Change an address')
  @Scope(customersScope.write, { customer: true })
  @ZodResponse({ status: 200, type: CustomerAddressDto })
  update(
    @CurrentSession() session: Session,
    @Param('id', idParam('cadr')) id: Id<'cadr'>,
    @Body() body: CustomerAddressPatchDto,
  ) {
    return this.run(session, (ctx) => updateAddress(ctx, customerIdOf(session), id, body));
  }

  @Delete(':id')
  @Says('Delete an address')
  @Scope(customersScope.write, { customer: true })
  @HttpCode(204)
  async delete(@CurrentSession() session: Session, @Param('id', idParam('cadr')) id: Id<'cadr'>): Promise<void> {
    await this.run(session, (ctx) => deleteAddress(ctx, customerIdOf(session), id));
  }
}
