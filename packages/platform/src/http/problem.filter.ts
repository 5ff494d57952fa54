import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import { DomainError } from '@souk/domain/kernel/errors';
import { AnsweredBefore } from '@souk/domain/kernel/idempotency';
import type { FastifyReply } from 'fastify';
import type { Loggers } from '../logger.ts';
import { letRead } from './cross-origin.ts';
import { sendAgain } from './idempotency.ts';
import { refusalOf, sendProblem } from './problem.ts';
import { OriginRefused, ShopClosed } from './refused.ts';

/** Turns whatever was thrown into problem+json, and writes into the log what the caller does not get to see. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly loggers: Loggers,
    /** Whether a page of any origin may read why it was refused: yes for an API of browsers. */
    private readonly isForBrowsers: boolean,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (error instanceof AnsweredBefore) sendAgain(reply, error);
    else this.answer(error, reply);
  }

  /** The same for errors that Fastify meets before or after Nest. */
  answer(error: unknown, reply: FastifyReply): void {
    if (reply.sent) return;
    const refusal = refusalOf(error);
    const { request } = reply;
    const where = {
      requestId: request.id,
      method: request.method,
      route: request.routeOptions?.url,
      company: request.souk?.companyId,
    };
    if (refusal.isOurFault) this.loggers.log.error({ ...where, err: error }, 'a request failed through our fault');
    else if (error instanceof DomainError && Object.keys(error.detail).length > 0) {
      this.loggers.log.debug({ ...where, code: error.code, detail: error.detail }, 'a request was refused');
    }
    // A closed shop is no fault of ours, and its visitors do not stop coming.
    if (refusal.status === 503 && !(error instanceof ShopClosed))
      this.loggers.log.warn({ ...where, err: error }, 'a request could not be served');
    // Most refusals come before the key's list of origins is known. They hold nothing, and the page needs the reason.
    const { origin } = request.headers;
    if (this.isForBrowsers && origin !== undefined && !(error instanceof OriginRefused)) letRead(reply, origin);
    sendProblem(reply, refusal);
  }
}
