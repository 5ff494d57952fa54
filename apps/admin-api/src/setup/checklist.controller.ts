import { Controller, Get, Inject } from '@nestjs/common';
import { can } from '@souk/domain/company/companies/companies.access';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Gateways } from '@souk/domain/sales/payments/gateway';
import { chargeableBy } from '@souk/domain/sales/payments/payment-means.service';
import { checklistView } from '@souk/domain/setup/checklist/checklist.contract';
import { setupChecklist } from '@souk/domain/setup/checklist/checklist.service';
import { Allow } from '@souk/platform/http/allow';
import { dtoOf, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { GATEWAYS, RUN } from '@souk/platform/tokens';

class ChecklistDto extends dtoOf(checklistView) {}

/** What is still missing before the company can sell. */
@Controller('v1/setup')
export class ChecklistController {
  constructor(
    @Inject(RUN) private readonly run: Run,
    @Inject(GATEWAYS) private readonly gateways: Gateways,
  ) {}

  @Get()
  @Allow(can.read)
  @ZodResponse({ status: 200, type: ChecklistDto })
  show(@CurrentSession() session: Session) {
    return this.run(session, (ctx) => setupChecklist(ctx, chargeableBy(this.gateways)));
  }
}
