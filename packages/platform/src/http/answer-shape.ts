import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { MISFIT, type Shaper, shaperOf } from './answer-shaper.ts';
import { answerOf, schemaOf } from './contract-class.ts';

/** How a handler answers when all goes well. */
export interface AnswerShape {
  readonly status: number;
  readonly schema: z.ZodType;
  readonly shaper: Shaper;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the door guard from `@ZodResponse`; undefined for files, cacheable answers and empty ones. */
    answerShape?: AnswerShape;
  }
}

const shapes = new WeakMap<object, AnswerShape | null>();

/** What `@ZodResponse` says of a handler, looked up once per handler. */
export function shapeOf(handler: object): AnswerShape | undefined {
  let shape = shapes.get(handler);
  if (shape === undefined) {
    const answer = answerOf(handler);
    const schema = schemaOf(answer?.dto);
    shape = answer && schema ? { status: answer.status, schema, shaper: shaperOf(schema) } : null;
    shapes.set(handler, shape);
  }
  return shape ?? undefined;
}

/** An answer that does not fit its contract is our fault; what it holds stays in here. */
export class AnswerMisshapen extends Error {
  constructor(route: string, issues: readonly z.core.$ZodIssue[]) {
    const where = issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
    super(`${route} answered something its contract does not allow: ${where}`);
    this.name = 'AnswerMisshapen';
  }
}

/**
 * Lets out what the contract of `@ZodResponse` names and nothing else. A hook of Fastify and not an interceptor of Nest:
 * one global interceptor costs a short request about as much as everything else around it. `isThorough` looks at formats
 * and lengths as well, which does not pay for every answer of a shop; what does not fit is told by the contract itself.
 */
export function shapeAnswers(fastify: FastifyInstance, { isThorough }: { isThorough: boolean }): void {
  fastify.addHook('preSerialization', (request, _reply, answer, done) => {
    const shape = request.answerShape;
    if (!shape) return done(null, answer);
    if (!isThorough) {
      const shaped = shape.shaper(answer);
      if (shaped !== MISFIT) return done(null, shaped);
    }
    const parsed = shape.schema.safeParse(answer);
    if (parsed.success) return done(null, parsed.data);
    done(new AnswerMisshapen(nameOf(request), parsed.error.issues));
  });
}

const nameOf = (request: FastifyRequest) => `${request.method} ${request.routeOptions.url ?? ''}`;
