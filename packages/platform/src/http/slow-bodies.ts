import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, preParsingHookHandler } from 'fastify';
import { PROBLEM_JSON, problemBody, type refusalOf } from './problem.ts';
import { requestIdOf } from './request-id.ts';

/** Time to send a whole body that is no file. */
const BODY_TIMEOUT_MS = 10_000;
const WITH_BODY = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/**
 * Gives every body ten seconds, but those that handlers read by themselves: a file may take as long as the server allows
 * for any request. Call it before the routes are made.
 */
export function hurryBodies(fastify: FastifyInstance, isStreamed: (route: string) => boolean): void {
  const hurry = hurried(BODY_TIMEOUT_MS);
  fastify.addHook('onRoute', (route) => {
    const names = [route.method].flat().filter((method) => WITH_BODY.has(method));
    if (names.length === 0 || names.some((method) => isStreamed(`${method} ${route.url}`))) return;
    route.preParsing = [route.preParsing ?? [], hurry].flat();
  });
}

/** The hook for one route. */
export const hurried =
  (timeoutMs: number): preParsingHookHandler =>
  (request, reply, payload, done) => {
    hurry(request.raw, reply.raw, timeoutMs);
    done(null, payload);
  };

/** Answers 408 and hangs up when a body has not come in time. Once there is an answer, nobody waits for the body. */
export function hurry(raw: IncomingMessage, answer: ServerResponse, timeoutMs = BODY_TIMEOUT_MS): void {
  if (raw.complete) return;
  const timer = setTimeout(() => answerClientError({ code: 'ERR_HTTP_REQUEST_TIMEOUT' }, raw.socket), timeoutMs);
  const end = () => clearTimeout(timer);
  raw.once('end', end).once('close', end);
  answer.once('finish', end).once('close', end);
}

/** What is not even HTTP, or came too slowly: there is no request yet to answer. */
export function answerClientError(error: { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const refusal = REFUSALS[error.code ?? ''] ?? {
    status: 400,
    code: 'bad_request',
    detail: 'This is not an HTTP request.',
  };
  const body = JSON.stringify(problemBody(refusal, requestIdOf({ headers: {} })));
  const head = `HTTP/1.1 ${refusal.status} ${refusal.code}\r\nContent-Type: ${PROBLEM_JSON}\r\nContent-Length: ${Buffer.byteLength(body)}`;
  socket.end(`${head}\r\nConnection: close\r\n\r\n${body}`);
}

const REFUSALS: Record<string, ReturnType<typeof refusalOf>> = {
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    code: 'request_timeout',
    detail: 'The request came too slowly. Send it again.',
  },
  HPE_HEADER_OVERFLOW: { status: 431, code: 'headers_too_large', detail: 'The headers are larger than 16 KiB.' },
};
