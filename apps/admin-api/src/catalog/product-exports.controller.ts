import { Body, Controller, Get, Inject, Param, Post, Query } from '@nestjs/common';
import type { FileStore } from '@souk/domain/catalog/files/file-store';
import {
  exportSummary,
  exportsPage,
  exportsQuery,
  exportView,
  newExport,
} from '@souk/domain/catalog/product-import/product-export.contract';
import { showExport } from '@souk/domain/catalog/product-import/product-export.flow';
import { listExports, queueExport } from '@souk/domain/catalog/product-import/product-export.service';
import { can } from '@souk/domain/catalog/products/products.access';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { Allow } from '@souk/platform/http/allow';
import { dtoOf, idParam, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { FILE_STORE, RUN } from '@souk/platform/tokens';

class NewProductExportDto extends dtoOf(newExport) {}
class ProductExportSummaryDto extends dtoOf(exportSummary) {}
class ProductExportDto extends dtoOf(exportView) {}
class ProductExportsPageDto extends dtoOf(exportsPage) {}
class ProductExportsQueryDto extends dtoOf(exportsQuery) {}

/** The catalogue as a file that imports back as it was. Whoever may read products may have them all. */
@Controller('v1/product-exports')
export class ProductExportsController {
  constructor(
    @Inject(RUN) private readonly run: Run,
    @Inject(FILE_STORE) private readonly store: FileStore,
  ) {}

  @Get()
  @Allow(can.read)
  @ZodResponse({ status: 200, type: ProductExportsPageDto })
  list(@CurrentSession() session: Session, @Query() query: ProductExportsQueryDto) {
    return this.run(session, (ctx) => listExports(ctx, query));
  }

  @Get(':id')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: ProductExportDto })
  show(@CurrentSession() session: Session, @Param('id', idParam('pex')) id: Id<'pex'>) {
    return showExport(this.run, this.store, session, id);
  }

  /** Stock is in the file if its maker may read that (`inventory.read`). */
  @Post()
  @Allow(can.read)
  @ZodResponse({ status: 202, type: ProductExportSummaryDto })
  begin(@CurrentSession() session: Session, @Body() _body: NewProductExportDto) {
    return this.run(session, (ctx) => queueExport(ctx));
  }
}
