import { STATUS_CODES } from 'node:http';
import { HttpException } from '@nestjs/common';
import { DomainError, type FieldFault } from '@souk/domain/kernel/errors';
import type { FastifyReply } from 'fastify';
import { RateLimited } from '../limits.ts';
import { rateHeaders } from './rate-headers.ts';
import type { Refusal } from './refusal.ts';
import { FAULTS_MAX } from './request-invalid.ts';
import { BODY_SIZES } from './strict-json.ts';
import { MethodNotAllowed, NoSuchRoute } from './unrouted.ts';

export const PROBLEM_JSON = 'application/problem+json; charset=utf-8';

/** The code of faults in fields, from the contract and from the domain alike. */
const INVALID = 'invalid_input';
const FIELD_SHOWN = 120;

/** The body of every answer that says no (RFC 9457). */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  errors?: FieldFault[];
  requestId: string;
}

const INTERNAL: Refusal = {
  status: 500,
  code: 'internal',
  detail: 'Something went wrong on our side. Give the request id to whoever runs this shop.',
  isOurFault: true,
};

/** What Fastify itself refuses, by its error code: status, our code, and the way out. */
const OF_FASTIFY: Record<string, [status: number, code: string, detail: string]> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    415,
    'unsupported_media_type',
    'Send JSON, with the header Content-Type: application/json.',
  ],
  FST_ERR_CTP_BODY_TOO_LARGE: [
    413,
    'body_too_large',
    `The body is larger than this route takes: ${BODY_SIZES}. Send less at once.`,
  ],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    400,
    'invalid_content_length',
    'The body is not as long as Content-Length says.',
  ],
  FST_ERR_CTP_EMPTY_JSON_BODY: [400, 'invalid_json', 'The body is empty. Send a JSON object.'],
  FST_ERR_CTP_INVALID_JSON_BODY: [400, 'invalid_json', 'The body is not JSON. Check its brackets, quotes and commas.'],
  FST_ERR_BAD_URL: [400, 'invalid_url', 'The path is not a valid URL. Percent-encode what is not a letter or a digit.'],
  FST_ERR_MAX_PARAM_LENGTH: [414, 'url_too_long', 'A part of the path is longer than anything here.'],
};

/** What an error becomes on the wire. Everything unknown becomes a 500 that tells nothing. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof DomainError) return ofDomain(error);
  if (error instanceof NoSuchRoute || error instanceof MethodNotAllowed) return error.refusal;
  if (error instanceof HttpException) return ofStatus(error.getStatus());
  const { code, statusCode } = (error ?? {}) as { code?: unknown; statusCode?: unknown };
  const known = typeof code === 'string' ? OF_FASTIFY[code] : undefined;
  if (known) return { status: known[0], code: known[1], detail: known[2] };
  return typeof statusCode === 'number' ? ofStatus(statusCode) : INTERNAL;
}

function ofDomain(error: DomainError): Refusal {
  return {
    status: error.status,
    code: error.code,
    detail: error.code === INVALID && error.faults.length > 0 ? wordsOf(error.faults) : error.message,
    errors: error.faults.length > 0 ? error.faults.slice(0, FAULTS_MAX) : undefined,
    retryAfterSeconds: error.retryAfterSeconds,
    headers: error instanceof RateLimited ? rateHeaders(error.remaining) : undefined,
  };
}

/** For whoever reads only this: which field, and what is wrong with it. The list of all stands beside it. */
function wordsOf(faults: readonly FieldFault[]): string {
  const { pointer = '', message = '' } = faults[0] ?? {};
  const field = pointer.replace(/^[/?:]/, '').slice(0, FIELD_SHOWN);
  const first = field === '' ? message : `${field}: ${message}`;
  const more = faults.length < FAULTS_MAX ? faults.length - 1 : `${FAULTS_MAX - 1} or more`;
  return more === 0 ? first : `${first} There ${more === 1 ? 'is' : 'are'} ${more} more: see errors.`;
}

function ofStatus(status: number): Refusal {
  if (status < 400 || status > 499) return INTERNAL;
  const title = STATUS_CODES[status] ?? 'Bad Request';
  const code = title.toLowerCase().replaceAll(/[^a-z]+/g, '_');
  return { status, code, detail: `${title}.` };
}

/** The body of a refusal. `type` is a name, not an address: there is nothing to fetch. */
export const problemBody = ({ status, code, detail, errors }: Refusal, requestId: string): Problem => ({
  type: `urn:souk:error:${code}`,
  title: STATUS_CODES[status] ?? 'Error',
  status,
  code,
  detail,
  ...(errors && { errors }),
  requestId,
});

/** Answers a request with a refusal as problem+json. */
export function sendProblem(reply: FastifyReply, refusal: Refusal): void {
  if (refusal.retryAfterSeconds !== undefined)
    reply.header('retry-after', String(Math.ceil(refusal.retryAfterSeconds)));
  if (refusal.headers) reply.headers(refusal.headers);
  // As text: an object would be given to the serialiser of the route's answer.
  const body = JSON.stringify(problemBody(refusal, reply.request.id));
  void reply.code(refusal.status).header('content-type', PROBLEM_JSON).send(body);
}
