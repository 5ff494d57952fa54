import { Body, Controller, Get, Headers, Inject, Patch } from '@nestjs/common';
import { can } from '@souk/domain/company/companies/companies.access';
import { companyPatch, companyView } from '@souk/domain/company/companies/companies.contract';
import { getCompany, updateCompany } from '@souk/domain/company/companies/companies.service';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import { Allow } from '@souk/platform/http/allow';
import { dtoOf, ZodResponse } from '@souk/platform/http/contract-class';
import { expectedVersion } from '@souk/platform/http/if-match';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class CompanyDto extends dtoOf(companyView) {}
class CompanyPatchDto extends dtoOf(companyPatch) {}

/** The company one works for. */
@Controller('v1/company')
export class CompanyController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get()
  @Allow(can.read)
  @ZodResponse({ status: 200, type: CompanyDto })
  show(@CurrentSession() session: Session) {
    return this.run(session, getCompany);
  }

  @Patch()
  @Allow(can.write)
  @ZodResponse({ status: 200, type: CompanyDto })
  update(
    @CurrentSession() session: Session,
    @Body() body: CompanyPatchDto,
    @Headers('if-match') ifMatch: string | undefined,
  ) {
    return this.run(session, (ctx) => updateCompany(ctx, body, expectedVersion(ifMatch)));
  }
}
