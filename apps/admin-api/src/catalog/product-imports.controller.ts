import { Readable } from 'node:stream';
import { Controller, Get, Header, Inject, Param, Post, Query, StreamableFile } from '@nestjs/common';
import type { FileStore } from '@souk/domain/catalog/files/file-store';
import { can } from '@souk/domain/catalog/product-import/product-import.access';
import {
  IMPORT_BYTES_MAX,
  importFields,
  importsPage,
  importsQuery,
  importView,
} from '@souk/domain/catalog/product-import/product-import.contract';
import {
  beginImport,
  dropFile,
  importErrors,
  receiveFile,
  watchImport,
} from '@souk/domain/catalog/product-import/product-import.flow';
import { cancelImport, getImport, listImports } from '@souk/domain/catalog/product-import/product-import.service';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { Allow } from '@souk/platform/http/allow';
import { dtoOf, FileResponse, idParam, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { type IncomingUpload, TakesUpload, Upload } from '@souk/platform/http/upload';
import { FILE_STORE, RUN } from '@souk/platform/tokens';

class ImportFieldsDto extends dtoOf(importFields) {}
class ProductImportDto extends dtoOf(importView) {}
class ProductImportsPageDto extends dtoOf(importsPage) {}
class ProductImportsQueryDto extends dtoOf(importsQuery) {}

/** Products from a file: ours or Shopify's. A worker imports; here one begins, watches and stops it. */
@Controller('v1/product-imports')
export class ProductImportsController {
  constructor(
    @Inject(RUN) private readonly run: Run,
    @Inject(FILE_STORE) private readonly store: FileStore,
  ) {}

  @Get()
  @Allow(can.read)
  @ZodResponse({ status: 200, type: ProductImportsPageDto })
  list(@CurrentSession() session: Session, @Query() query: ProductImportsQueryDto) {
    return this.run(session, (ctx) => listImports(ctx, query));
  }

  @Get(':id')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: ProductImportDto })
  show(@CurrentSession() session: Session, @Param('id', idParam('pim')) id: Id<'pim'>) {
    return this.run(session, (ctx) => getImport(ctx, id));
  }

  /** Needs `products.write` as well. */
  @Post()
  @Allow(can.write)
  @TakesUpload({ fields: ImportFieldsDto, file: 'A CSV in UTF-8, of at most 200 MB.' })
  @ZodResponse({ status: 202, type: ProductImportDto })
  async begin(@CurrentSession() session: Session, @Upload() upload: IncomingUpload) {
    const { run, store } = this;
    const {
      fields,
      stored,
      session: claimed,
    } = await upload.read({
      fields: importFields,
      sizeMax: IMPORT_BYTES_MAX,
      onFile: (content, name) => receiveFile(run, store, session, { name, content }),
      onUndone: (file) => dropFile(run, session, file),
    });
    return beginImport(run, claimed, fields, stored);
  }

  /** What is imported by then stays. */
  @Post(':id/cancellation')
  @Allow(can.write)
  @ZodResponse({ status: 202, type: ProductImportDto })
  cancel(@CurrentSession() session: Session, @Param('id', idParam('pim')) id: Id<'pim'>) {
    return this.run(session, (ctx) => cancelImport(ctx, id));
  }

  /** Every row that could not be imported, or not as it stands. */
  @Get(':id/errors.csv')
  @Allow(can.read)
  @FileResponse({ type: 'text/csv', description: 'Row, column, code, message and handle, in the order of the file.' })
  async errors(@CurrentSession() session: Session, @Param('id', idParam('pim')) id: Id<'pim'>) {
    return new StreamableFile(Readable.from(await importErrors(this.run, session, id)), {
      type: 'text/csv; charset=utf-8; header=present',
      disposition: 'attachment; filename="import-errors.csv"',
    });
  }

  /** The import whenever it changes, and at last in its final state. */
  @Get(':id/events')
  @Allow(can.read)
  @Header('X-Accel-Buffering', 'no')
  @FileResponse({ type: 'text/event-stream', description: 'Server-sent events `progress` and `end`, each an import.' })
  async watch(@CurrentSession() session: Session, @Param('id', idParam('pim')) id: Id<'pim'>) {
    return new StreamableFile(Readable.from(await watchImport(this.run, session, id)), { type: 'text/event-stream' });
  }
}
