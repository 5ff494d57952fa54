import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

const RAW_BODY = 'souk:raw-body';

/** For a handler that takes bytes of any type as they come, with `@RawBody()`. */
export const TakesRawBody = (): MethodDecorator => SetMetadata(RAW_BODY, true);

/** Whether `@TakesRawBody` stands at a handler. */
export const takesRawBody = (handler: object): boolean => Reflect.getMetadata(RAW_BODY, handler) === true;

/** Bytes on their way in, and what their sender says of them. */
export interface IncomingBytes {
  readonly content: AsyncIterable<Uint8Array>;
  readonly contentType: string | undefined;
  /** As `Content-Length` says; undefined without it. */
  readonly sizeBytes: number | undefined;
}

/** Gives a handler with `@TakesRawBody` the body, unread. */
export const RawBody = createParamDecorator((_: unknown, context: ExecutionContext): IncomingBytes => {
  const { raw, headers } = context.switchToHttp().getRequest<FastifyRequest>();
  const length = headers['content-length'];
  return {
    content: raw,
    contentType: headers['content-type'],
    sizeBytes: length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined,
  };
});
