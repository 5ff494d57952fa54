import { DomainError, NotFound } from '../../kernel/errors.ts';

const MEGABYTE = 1_048_576;
const megabytes = (bytes: number) => `${Math.round((bytes / MEGABYTE) * 10) / 10} MB`;

/** More bytes came than may. Nothing of them is kept. */
export class FileTooLarge extends DomainError {
  readonly code = 'file_too_large';
  readonly status = 413;
  constructor(sizeMax: number) {
    super(`This file is larger than ${megabytes(sizeMax)}, the most that is taken here. Send a smaller one.`);
  }
}

/** The store has no such object (any more). */
export class FileGone extends NotFound {
  constructor() {
    super('file', 'It may have been deleted.');
  }
}

/** A company keeps as much as it may. */
export class FileQuotaSpent extends DomainError {
  readonly code = 'file_quota_spent';
  readonly status = 422;
  constructor(usedBytes: number, quotaBytes: number) {
    super(
      `This file does not fit: ${megabytes(usedBytes)} of the ${megabytes(quotaBytes)} this company may keep are used. ` +
        'Delete files that are not needed, or ask whoever runs this shop platform for more.',
    );
  }
}

/** Told by the bytes, whatever the name says. */
export class NotAnImage extends DomainError {
  readonly code = 'not_an_image';
  readonly status = 422;
  constructor(found?: string) {
    const what = found === undefined ? 'The bytes of this file are not of a picture' : `This is ${found}`;
    super(`${what}, whatever its name says. Send a JPEG, PNG, WebP, AVIF or GIF.`);
  }
}

/** The upload has not come, or not as it was announced. */
export class UploadIncomplete extends DomainError {
  readonly code = 'upload_incomplete';
  readonly status = 409;
  constructor(announcedBytes: number, arrivedBytes: number | undefined) {
    const arrived = arrivedBytes === undefined ? 'nothing has arrived' : `${arrivedBytes} bytes have arrived`;
    super(`${announcedBytes} bytes were announced and ${arrived}. Send them to the upload address, then ask again.`);
  }
}

/** Only an upload that is waited for can be completed. */
export class UploadNotAwaited extends DomainError {
  readonly code = 'upload_not_awaited';
  readonly status = 409;
  constructor() {
    super('This file is not waiting for an upload: it was completed before, or came another way.');
  }
}

/** A product, a category or a collection shows it. */
export class FileInUse extends DomainError {
  readonly code = 'file_in_use';
  readonly status = 409;
  constructor(users: string) {
    super(`This file is shown by a ${users}. Take it off there first, then delete it.`);
  }
}

/** A signed address that was changed, has expired, or was used up. */
export class AddressNotGood extends DomainError {
  readonly code = 'address_not_good';
  readonly status = 404;
  constructor() {
    super('This address is not good: it has expired, was used before, or was changed. Ask for a new one.');
  }
}

/** Something else than what was announced came to the address of an upload. */
export class UploadMisfits extends DomainError {
  readonly code = 'upload_misfits';
  readonly status = 422;
  constructor(sizeBytes: number, contentType: string) {
    super(
      `Exactly ${sizeBytes} bytes of ${contentType} were announced. Send these, with Content-Length and Content-Type saying so.`,
    );
  }
}
