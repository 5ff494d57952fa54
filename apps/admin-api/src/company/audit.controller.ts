import { Readable } from 'node:stream';
import { Controller, Get, Inject, Query, StreamableFile } from '@nestjs/common';
import { can } from '@souk/domain/company/audit/audit.access';
import {
  auditEntryPage,
  auditExportQuery,
  auditListQuery,
  auditVerificationQuery,
  auditVerificationView,
} from '@souk/domain/company/audit/audit.contract';
import { exportEntries, verifyChain } from '@souk/domain/company/audit/audit.flow';
import { listEntries } from '@souk/domain/company/audit/audit.service';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import { Allow } from '@souk/platform/http/allow';
import { dtoOf, FileResponse, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class AuditListQueryDto extends dtoOf(auditListQuery) {}
class AuditExportQueryDto extends dtoOf(auditExportQuery) {}
class AuditVerificationQueryDto extends dtoOf(auditVerificationQuery) {}
class AuditEntryPageDto extends dtoOf(auditEntryPage) {}
class AuditVerificationDto extends dtoOf(auditVerificationView) {}

/** Who did what, and whether somebody tampered with that. */
@Controller('v1/audit-entries')
export class AuditController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get()
  @Allow(can.read)
  @ZodResponse({ status: 200, type: AuditEntryPageDto })
  list(@CurrentSession() session: Session, @Query() query: AuditListQueryDto) {
    return this.run(session, (ctx) => listEntries(ctx, query));
  }

  /** The same as CSV, all of it. */
  @Get('export')
  @Allow(can.read)
  @FileResponse({ type: 'text/csv', description: 'The entries, newest first, one a line.' })
  async export(@CurrentSession() session: Session, @Query() query: AuditExportQueryDto) {
    const pieces = await exportEntries(this.run, session, query);
    return new StreamableFile(Readable.from(pieces), {
      type: 'text/csv; charset=utf-8; header=present',
      disposition: 'attachment; filename="audit-entries.csv"',
    });
  }

  @Get('verification')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: AuditVerificationDto, description: 'What a check of the hash chain found.' })
  verify(@CurrentSession() session: Session, @Query() query: AuditVerificationQueryDto) {
    return verifyChain(this.run, session, query);
  }
}
