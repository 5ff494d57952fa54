import { Controller, Get, Inject } from '@nestjs/common';
import { can } from '@souk/domain/company/companies/companies.access';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import { checklistView } from '@souk/domain/setup/checklist/checklist.contract';
import { setupChecklist } from '@souk/domain/setup/checklist/checklist.service';
import { Allow } from '@souk/platform/http/allow';
import { dtoOf, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class ChecklistDto extends dtoOf(checklistView) {}

/** What is still missing before the company can sell. */
@Controller('v1/setup')
export class ChecklistController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get()
  @Allow(can.read)
  @ZodResponse({ status: 200, type: ChecklistDto })
  show(@CurrentSession() session: Session) {
    return this.run(session, setupChecklist);
  }
}
