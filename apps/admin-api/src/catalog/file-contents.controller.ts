import { Controller, Get, HttpCode, Inject, Param, Put, Query, StreamableFile } from '@nestjs/common';
import { addressSignature, type FileAddress, fileAddress } from '@souk/domain/catalog/files/file-contents.contract';
import type { FileStore } from '@souk/domain/catalog/files/file-store';
import { AddressNotGood, UploadMisfits } from '@souk/domain/catalog/files/files.errors';
import type { Allowance, SignedAddresses } from '@souk/domain/catalog/files/signed-addresses';
import { Public } from '@souk/platform/http/allow';
import { attachmentNamed, FileHeaders } from '@souk/platform/http/attachment';
import { dtoOf, FileResponse, pathParam } from '@souk/platform/http/contract-class';
import { type IncomingBytes, RawBody, TakesRawBody } from '@souk/platform/http/raw-body';
import { FILE_STORE, SIGNED_ADDRESSES } from '@souk/platform/tokens';

class FileAddressDto extends dtoOf(fileAddress) {}

/**
 * The bytes behind addresses that the file system's store signs. The signature is the right, so nobody logs in here.
 * With a bucket there are none: its addresses lead there.
 */
@Controller('v1/file-contents')
export class FileContentsController {
  constructor(
    @Inject(FILE_STORE) private readonly store: FileStore,
    @Inject(SIGNED_ADDRESSES) private readonly addresses: SignedAddresses | undefined,
  ) {}

  /** Takes exactly what was announced, once. */
  @Put(':signature')
  @Public()
  @TakesRawBody()
  @HttpCode(204)
  async take(
    @Param('signature', pathParam(addressSignature)) signature: string,
    @Query() address: FileAddressDto,
    @RawBody() { content, contentType, sizeBytes }: IncomingBytes,
  ): Promise<void> {
    const { key, size } = this.allowed('PUT', address, signature);
    if (size === undefined) throw new AddressNotGood();
    if (sizeBytes !== size || contentType !== address.type) throw new UploadMisfits(size, address.type);
    if ((await this.store.sizeOf(key)) !== undefined) throw new AddressNotGood();
    // Node gives no more bytes than Content-Length says, and fails if fewer come.
    await this.store.put(key, content, { contentType, sizeMax: size });
  }

  /** A file as an attachment: no browser shows what is in it. */
  @Get(':signature')
  @Public()
  @FileHeaders({ 'content-security-policy': "sandbox; default-src 'none'" })
  @FileResponse({ type: 'application/octet-stream', description: 'The file.' })
  async give(
    @Param('signature', pathParam(addressSignature)) signature: string,
    @Query() address: FileAddressDto,
  ): Promise<StreamableFile> {
    const { key } = this.allowed('GET', address, signature);
    const length = await this.store.sizeOf(key);
    const content = await this.store.open(key);
    const disposition = attachmentNamed(address.name ?? 'file');
    return new StreamableFile(content, { type: 'application/octet-stream', disposition, length });
  }

  private allowed(method: Allowance['method'], address: FileAddress, signature: string) {
    const { key, type, expires, size, name } = address;
    const what: Allowance = { method, key, contentType: type, expiresAt: expires, sizeBytes: size, fileName: name };
    if (!this.addresses?.isGood(what, signature)) throw new AddressNotGood();
    return { key, size };
  }
}
