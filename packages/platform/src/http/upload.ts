import type { Readable } from 'node:stream';
import { Busboy, type BusboyHeaders, type BusboyInstance } from '@fastify/busboy';
import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import type { Session } from '@souk/domain/kernel/ctx';
import { DomainError, InvalidInput } from '@souk/domain/kernel/errors';
import { faultWords } from '@souk/domain/kernel/fault-words';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { DtoClass } from './contract-class.ts';
import { withUploadDigest } from './idempotency.ts';
import { faultsOf, RequestInvalid, unknownField } from './request-invalid.ts';
import { sessionOf } from './session.ts';

const FILE_FIELD = 'file';
const FIELDS_MAX = 20;
const FIELD_BYTES_MAX = 10_000;
const FIELD_NAME_BYTES_MAX = 100;
const HEADER_LINES_MAX = 20;

const UPLOAD = 'souk:upload';

/** What came is not a form. */
class FormNeeded extends DomainError {
  readonly code = 'unsupported_media_type';
  readonly status = 415;
  constructor() {
    super('Send a form with a file in it, as multipart/form-data.');
  }
}

/** What a handler takes as `multipart/form-data`: the fields, and what the file is, for the document. */
export interface UploadForm {
  readonly fields: DtoClass;
  readonly file: string;
}

/** For a handler that takes a file: `@TakesUpload({ fields: SomeDto, file: 'A CSV.' })`. It reads it with `@Upload()`. */
export const TakesUpload = (form: UploadForm): MethodDecorator => SetMetadata(UPLOAD, form);

/** What `@TakesUpload` said of a handler; undefined if it has none. */
export const uploadOf = (handler: object): UploadForm | undefined => Reflect.getMetadata(UPLOAD, handler);

/** How an upload is to be read. */
export interface UploadReading<Fields extends z.ZodType, Stored> {
  /** Of the form's other fields; all of them are texts. */
  fields: Fields;
  /** Bytes of the file. Whoever stores it refuses more (`FileTooLarge`); one byte more than this is let through for that. */
  sizeMax: number;
  /** Stores the file while it comes. `name` is what the sender calls it, made safe. */
  onFile(content: Readable, name: string): Promise<Stored>;
  /** The file was stored, and then something else of the form was wrong: let go of it. */
  onUndone(stored: Stored): Promise<void>;
}

/** What came. */
export interface ReadUpload<Fields, Stored> {
  fields: Fields;
  stored: Stored;
  /** The session whose `Idempotency-Key` stands for these fields and this file. Use it from here on. */
  session: Session;
}

/** A form on its way in; nothing of it has been read. */
export interface IncomingUpload {
  read<Fields extends z.ZodType, Stored extends { sha256: string }>(
    how: UploadReading<Fields, Stored>,
  ): Promise<ReadUpload<z.output<Fields>, Stored>>;
}

/** Gives a handler with `@TakesUpload` the form, to be read with `upload.read(…)`. */
export const Upload = createParamDecorator((_: unknown, context: ExecutionContext): IncomingUpload => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  return { read: (how) => readUpload(request, how) };
});

/**
 * Reads a form of one file (`file`) and some fields, in whatever order they come. The file is passed on as it arrives
 * and never lies in memory. Throws `RequestInvalid`, and what `onFile` throws.
 */
export async function readUpload<Fields extends z.ZodType, Stored extends { sha256: string }>(
  request: FastifyRequest,
  how: UploadReading<Fields, Stored>,
): Promise<ReadUpload<z.output<Fields>, Stored>> {
  const { given, stored } = await receive(request, how);
  try {
    const parsed = how.fields.safeParse(given, { error: faultWords });
    if (!parsed.success) throw new RequestInvalid(faultsOf(parsed.error, 'body'));
    return {
      fields: parsed.data,
      stored,
      session: withUploadDigest(sessionOf(request), request, given, stored.sha256),
    };
  } catch (error) {
    await how.onUndone(stored);
    throw error;
  }
}

async function receive<Stored>(
  request: FastifyRequest,
  how: Pick<UploadReading<z.ZodType, Stored>, 'sizeMax' | 'onFile' | 'onUndone'>,
): Promise<{ given: Record<string, string>; stored: Stored }> {
  const given: Record<string, string> = {};
  let storing: Promise<Stored> | undefined;
  try {
    await pass(request, how.sizeMax, {
      field: (name, value) => {
        if (name in given || name === FILE_FIELD)
          throw formFault(`/${name}`, `Send the field "${name}" once, and the file as "file".`);
        given[name] = value;
      },
      file: (content, name) => {
        storing = how.onFile(content, name);
        return storing;
      },
    });
    if (!storing) throw formFault('/file', 'The form has no file. Send it in the field "file".');
    return { given, stored: await storing };
  } catch (error) {
    const stored = await storing?.catch(() => undefined);
    if (stored !== undefined) await how.onUndone(stored);
    throw error;
  }
}

interface Receiver {
  field(name: string, value: string): void;
  file(content: Readable, name: string): Promise<unknown>;
}

/** Takes the form apart. Resolves when all of it has come and the file is stored; rejects as soon as something is wrong. */
function pass(request: FastifyRequest, sizeMax: number, to: Receiver): Promise<void> {
  const { raw } = request;
  return new Promise((resolve, reject) => {
    const form = openForm(request, sizeMax);
    let current: Readable | undefined;
    let storing: Promise<unknown> = Promise.resolve();
    let isOver = false;
    const fail = (error: unknown) => {
      isOver = true;
      raw.unpipe(form);
      current?.destroy(error instanceof Error ? error : new Error(String(error)));
      raw.resume(); // what is still coming is read and thrown away, so that the sender gets to see the answer
      reject(error);
    };
    const attempt = (work: () => void) => {
      try {
        work();
      } catch (error) {
        fail(error);
      }
    };
    form.on('field', (name, value, nameTruncated, valueTruncated) =>
      attempt(() => {
        if (nameTruncated || valueTruncated) throw formFault('', `A field is longer than ${FIELD_BYTES_MAX} bytes.`);
        to.field(name, value);
      }),
    );
    form.on('file', (field, content, name) => {
      content.on('error', () => undefined); // whoever reads it hears of it
      // The parser goes on with the piece it has: nobody is to store what will never come to its end.
      if (isOver) return void content.resume();
      if (field !== FILE_FIELD) return fail(new RequestInvalid([unknownField([field], 'body')]));
      current = content;
      storing = to.file(content, safeName(name));
      storing.catch(fail);
    });
    const tooMany = () => fail(formFault('', `The form has more than one file or more than ${FIELDS_MAX} fields.`));
    form.on('filesLimit', tooMany).on('fieldsLimit', tooMany).on('partsLimit', tooMany);
    form.on('error', (error) => fail(formFault('', `The form cannot be read: ${String(error)}`)));
    form.on('finish', () => void storing.then(() => resolve(), reject));
    raw.on('close', () => {
      if (!raw.readableEnded) fail(formFault('', 'The form ended before it was complete.'));
    });
    raw.pipe(form);
  });
}

function openForm(request: FastifyRequest, sizeMax: number): BusboyInstance {
  if (!/^multipart\/form-data\b/i.test(request.headers['content-type'] ?? '')) throw new FormNeeded();
  try {
    return new Busboy({
      headers: request.headers as BusboyHeaders, // its type wants the content type, which the parser below has seen
      limits: {
        files: 1,
        fileSize: sizeMax + 1,
        fields: FIELDS_MAX,
        parts: FIELDS_MAX + 1,
        fieldSize: FIELD_BYTES_MAX,
        fieldNameSize: FIELD_NAME_BYTES_MAX,
        headerPairs: HEADER_LINES_MAX,
      },
    });
  } catch {
    throw formFault('', 'The Content-Type names no boundary. Let your HTTP client make it.');
  }
}

const formFault = (pointer: string, message: string) => new InvalidInput({ pointer, code: 'invalid_form', message });

/** The last part of a path, without what cannot be shown. */
const safeName = (name: string | undefined): string =>
  (name ?? '')
    .split(/[\\/]/)
    .at(-1)
    ?.replaceAll(/[\p{Cc}\p{Cf}]/gu, '')
    .trim()
    .slice(0, 255) || 'file';
