import type { FastifyRequest } from 'fastify';
import { FAULTS_MAX, RequestInvalid, unknownField } from './request-invalid.ts';

/** Whether a request came with a query. */
export function hasQuery({ query }: FastifyRequest): boolean {
  for (const _name in query as object) return true; // its type is unknown; it is the object of Fastify's parser
  return false;
}

/** Throws 400 with every parameter of the query that is not among the known: what is unknown is refused, never ignored. */
export function refuseUnknownQuery({ query }: FastifyRequest, known: ReadonlySet<string>): void {
  const unknown = Object.keys(query as object).filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  throw new RequestInvalid(unknown.slice(0, FAULTS_MAX).map((name) => unknownField([name], 'query')));
}
