import { Body, Controller, Delete, Get, Headers, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import { personalData } from '@souk/domain/identity/customer-accounts/customer-accounts.contract';
import { inviteCustomer } from '@souk/domain/identity/customer-accounts/customer-accounts.flow';
import { disableCustomer, enableCustomer } from '@souk/domain/identity/customer-accounts/disablement.service';
import { eraseCustomer, exportCustomer } from '@souk/domain/identity/customer-accounts/personal-data.service';
import {
  customerAddressesPage,
  customerAddressesQuery,
} from '@souk/domain/identity/customers/customer-addresses.contract';
import { listAddresses } from '@souk/domain/identity/customers/customer-addresses.service';
import { can } from '@souk/domain/identity/customers/customers.access';
import {
  customerPatch,
  customersPage,
  customersQuery,
  customerView,
  newCustomer,
} from '@souk/domain/identity/customers/customers.contract';
import { getCustomer, listCustomers, updateCustomer } from '@souk/domain/identity/customers/customers.service';
import type { Attempts } from '@souk/domain/identity/sessions/attempts';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { erasers, personalDataParts } from '@souk/domain/setup/customer-duties/customer-duties';
import { Allow, Says } from '@souk/platform/http/allow';
import { dtoOf, idParam, ZodResponse } from '@souk/platform/http/contract-class';
import { expectedVersion } from '@souk/platform/http/if-match';
import { CurrentSession } from '@souk/platform/http/session';
import { ATTEMPTS, RUN } from '@souk/platform/tokens';

class CustomerDto extends dtoOf(customerView) {}
class CustomersPageDto extends dtoOf(customersPage) {}
class CustomersQueryDto extends dtoOf(customersQuery) {}
class NewCustomerDto extends dtoOf(newCustomer) {}
class CustomerPatchDto extends dtoOf(customerPatch) {}
class CustomerAddressesDto extends dtoOf(customerAddressesPage) {}
class CustomerAddressesQueryDto extends dtoOf(customerAddressesQuery) {}
class PersonalDataDto extends dtoOf(personalData) {}

/** The people with an account at the shop. */
@Controller('v1/customers')
export class CustomersController {
  constructor(
    @Inject(RUN) private readonly run: Run,
    @Inject(ATTEMPTS) readonly attempts: Attempts,
  ) {}

  @Get()
  @Says('List customers')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: CustomersPageDto })
  list(@CurrentSession() session: Session, @Query() query: CustomersQueryDto) {
    return this.run(session, (ctx) => listCustomers(ctx, query));
  }

  @Post()
  @Says('Add a customer')
  @Allow(can.write)
  @ZodResponse({ status: 201, type: CustomerDto })
  create(@CurrentSession() session: Session, @Body() body: NewCustomerDto) {
    return inviteCustomer(this.run, this, session, body);
  }

  @Get(':id')
  @Says('Show a customer')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: CustomerDto })
  show(@CurrentSession() session: Session, @Param('id', idParam('cus')) id: Id<'cus'>) {
    return this.run(session, (ctx) => getCustomer(ctx, id));
  }

  @Patch(':id')
  @Says('Change a customer')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: CustomerDto })
  update(
    @CurrentSession() session: Session,
    @Param('id', idParam('cus')) id: Id<'cus'>,
    @Body() body: CustomerPatchDto,
    @Headers('if-match') ifMatch: string | undefined,
  ) {
    return this.run(session, (ctx) => updateCustomer(ctx, id, body, { expected: expectedVersion(ifMatch) }));
  }

  @Get(':id/addresses')
  @Says('List the addresses of a customer')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: CustomerAddressesDto })
  addresses(
    @CurrentSession() session: Session,
    @Param('id', idParam('cus')) id: Id<'cus'>,
    @Query() query: CustomerAddressesQueryDto,
  ) {
    return this.run(session, async (ctx) => {
      await getCustomer(ctx, id);
      return listAddresses(ctx, id, query);
    });
  }

  @Post(':id/disablement')
  @Says('Keep a customer from logging in')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: CustomerDto })
  disable(@CurrentSession() session: Session, @Param('id', idParam('cus')) id: Id<'cus'>) {
    return this.run(session, (ctx) => disableCustomer(ctx, id));
  }

  @Delete(':id/disablement')
  @Says('Let a customer log in again')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: CustomerDto })
  enable(@CurrentSession() session: Session, @Param('id', idParam('cus')) id: Id<'cus'>) {
    return this.run(session, (ctx) => enableCustomer(ctx, id));
  }

  @Get(':id/export')
  @Says('Show all that is kept about a customer')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: PersonalDataDto })
  export(@CurrentSession() session: Session, @Param('id', idParam('cus')) id: Id<'cus'>) {
    return this.run(session, (ctx) => exportCustomer(ctx, id, personalDataParts));
  }

  @Post(':id/erasure')
  @Says('Erase what is known of a customer')
  @Allow(can.erase)
  @ZodResponse({ status: 200, type: CustomerDto })
  erase(@CurrentSession() session: Session, @Param('id', idParam('cus')) id: Id<'cus'>) {
    return this.run(session, (ctx) => eraseCustomer(ctx, id, erasers));
  }
}
