import { applyDecorators, createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { RequestInvalid } from './request-invalid.ts';

/** `"3"`, the weak `W/"3"`, and 3 for those who forget the quotes. */
const FORM = /^(?:W\/)?"?(\d{1,9})"?$/;

/** Describes the optional `If-Match` of a write; read it with `@ExpectedVersion()`. */
export const Versioned = () =>
  applyDecorators(
    ApiHeader({
      name: 'If-Match',
      required: false,
      description: 'The version you read. If the resource has changed since, the answer is 412 and nothing happens.',
      schema: { type: 'string', example: '"3"' },
    }),
  );

/** The version a request says it has read, from `If-Match`. Undefined without the header or for `*`. 400 for other forms. */
export function expectedVersionOf(header: string | undefined): number | undefined {
  if (header === undefined || header === '*') return undefined;
  const version = FORM.exec(header)?.[1];
  if (version !== undefined) return Number(version);
  throw new RequestInvalid([{ pointer: 'If-Match', code: 'invalid_if_match', message: 'Expected a version in If-Match, like "3".' }]);
}

/** Gives the handler the version of `If-Match`, or undefined. */
export const ExpectedVersion = createParamDecorator((_: unknown, context: ExecutionContext) =>
  expectedVersionOf(context.switchToHttp().getRequest<FastifyRequest>().headers['if-match']),
);
