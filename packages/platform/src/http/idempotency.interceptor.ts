import { createHash } from 'node:crypto';
import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { InvalidInput } from '@souk/domain/kernel/errors';
import { AnsweredBefore } from '@souk/domain/kernel/idempotency';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { catchError, type Observable, of, throwError } from 'rxjs';
import { WITHOUT_IDEMPOTENCY } from './allow.ts';

/** 1 to 255 printable characters, no spaces around. */
const KEY_FORM = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/;

/**
 * `Idempotency-Key` on a POST: the session carries the claim, the unit of work stores it with the effect, and a repeat
 * gets the first answer again, shaped like the first.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const header = request.headers['idempotency-key'];
    const session = request.souk;
    if (header === undefined || request.method !== 'POST' || !session) return next.handle();
    if (Reflect.getMetadata(WITHOUT_IDEMPOTENCY, context.getHandler()) === true) return next.handle();
    const route = `${request.method} ${request.routeOptions.url}`;
    request.souk = { ...session, idempotency: { key: keyOf(header), route, digest: digestOf(request) } };
    return next.handle().pipe(
      catchError((error: unknown) => {
        if (!(error instanceof AnsweredBefore)) return throwError(() => error);
        http.getResponse<FastifyReply>().header('idempotency-replayed', 'true');
        return of(error.answer);
      }),
    );
  }
}

function keyOf(header: string | string[]): string {
  if (typeof header === 'string' && KEY_FORM.test(header)) return header;
  throw new InvalidInput({
    pointer: 'Idempotency-Key',
    code: 'invalid_idempotency_key',
    message: 'Expected an Idempotency-Key of 1 to 255 printable ASCII characters.',
  });
}

/** The path is part of it: the same key and body sent to another resource is another request. */
const digestOf = (request: FastifyRequest): string =>
  createHash('sha256').update(`${request.method}\n${request.url}\n${canonical(request.body)}`).digest('hex');

/** JSON with the members of objects in alphabetical order: what means the same has the same digest. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, inner]) => `${JSON.stringify(name)}:${canonical(inner)}`).join(',')}}`;
}
