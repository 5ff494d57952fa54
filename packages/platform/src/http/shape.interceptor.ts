import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor, StreamableFile } from '@nestjs/common';
import { map, type Observable } from 'rxjs';
import type { z } from 'zod';
import { answerOf, schemaOf } from './dto.ts';

/** An answer that does not fit its contract is our fault; what it holds stays in here. */
export class AnswerMisshapen extends Error {
  constructor(route: string, issues: readonly z.core.$ZodIssue[]) {
    const where = issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
    super(`${route} answered something its contract does not allow: ${where}`);
    this.name = 'AnswerMisshapen';
  }
}

/** Lets out what the contract of `@ZodResponse` names and nothing else. */
@Injectable()
export class ShapeInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const shape = schemaOf(answerOf(context.getHandler())?.dto);
    if (!shape) return next.handle();
    const route = `${context.getClass().name}.${context.getHandler().name}`;
    return next.handle().pipe(map((answer: unknown) => (answer instanceof StreamableFile ? answer : fitted(shape, answer, route))));
  }
}

function fitted(shape: z.ZodType, answer: unknown, route: string): unknown {
  const parsed = shape.safeParse(answer);
  if (!parsed.success) throw new AnswerMisshapen(route, parsed.error.issues);
  return parsed.data;
}
