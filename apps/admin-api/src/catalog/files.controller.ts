import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { fileSettings } from '@souk/domain/catalog/files/file-settings';
import type { FileStore } from '@souk/domain/catalog/files/file-store';
import { can } from '@souk/domain/catalog/files/files.access';
import {
  filesPage,
  filesQuery,
  fileView,
  newUpload,
  uploadFields,
  uploadView,
} from '@souk/domain/catalog/files/files.contract';
import { getFile, listFiles } from '@souk/domain/catalog/files/files.service';
import type { TypeOf } from '@souk/domain/catalog/files/image-ports';
import {
  beginUpload,
  dropPicture,
  finishUpload,
  keepPicture,
  removeFile,
  storePicture,
} from '@souk/domain/catalog/files/uploads.flow';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { Allow } from '@souk/platform/http/allow';
import { dtoOf, idParam, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { type IncomingUpload, TakesUpload, Upload } from '@souk/platform/http/upload';
import { FILE_STORE, RUN, TYPE_OF } from '@souk/platform/tokens';

class FileDto extends dtoOf(fileView) {}
class FilesPageDto extends dtoOf(filesPage) {}
class FilesQueryDto extends dtoOf(filesQuery) {}
class UploadFieldsDto extends dtoOf(uploadFields) {}
class NewUploadDto extends dtoOf(newUpload) {}
class UploadDto extends dtoOf(uploadView) {}

/** Pictures: sent through us as a form, or straight to the store under an address we sign. */
@Controller('v1')
export class FilesController {
  constructor(
    @Inject(RUN) private readonly run: Run,
    @Inject(FILE_STORE) private readonly store: FileStore,
    @Inject(TYPE_OF) private readonly typeOf: TypeOf,
  ) {}

  @Get('files')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: FilesPageDto })
  list(@CurrentSession() session: Session, @Query() query: FilesQueryDto) {
    return this.run(session, (ctx) => listFiles(ctx, query));
  }

  @Get('files/:id')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: FileDto })
  show(@CurrentSession() session: Session, @Param('id', idParam('file')) id: Id<'file'>) {
    return this.run(session, (ctx) => getFile(ctx, id));
  }

  /** The same bytes again are the same file. */
  @Post('files')
  @Allow(can.write)
  @TakesUpload({ fields: UploadFieldsDto, file: 'A JPEG, PNG, WebP, AVIF or GIF.' })
  @ZodResponse({ status: 201, type: FileDto })
  async add(@CurrentSession() session: Session, @Upload() upload: IncomingUpload) {
    const { run, store, typeOf } = this;
    const {
      fields,
      stored,
      session: claimed,
    } = await upload.read({
      fields: uploadFields,
      sizeMax: fileSettings().imageBytesMax,
      onFile: (content, name) => storePicture(run, { store, typeOf }, session, { name, content }),
      onUndone: (arrived) => dropPicture(store, arrived),
    });
    return keepPicture(run, store, claimed, { ...stored, name: fields.name ?? stored.name });
  }

  @Post('file-uploads')
  @Allow(can.write)
  @ZodResponse({ status: 201, type: UploadDto, description: 'Send the bytes to `upload`, then complete the file.' })
  begin(@CurrentSession() session: Session, @Body() body: NewUploadDto) {
    return beginUpload(this.run, this.store, session, body);
  }

  @Post('files/:id/completion')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: FileDto, description: 'The file of these bytes; use its id from here on.' })
  complete(@CurrentSession() session: Session, @Param('id', idParam('file')) id: Id<'file'>) {
    return finishUpload(this.run, { store: this.store, typeOf: this.typeOf }, session, id);
  }

  @Delete('files/:id')
  @Allow(can.write)
  @HttpCode(204)
  remove(@CurrentSession() session: Session, @Param('id', idParam('file')) id: Id<'file'>) {
    return removeFile(this.run, session, id);
  }
}
