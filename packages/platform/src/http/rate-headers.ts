import type { FastifyReply } from 'fastify';
import type { Limits, Remaining } from '../limits.ts';

/** Tells a client what is left: draft-ietf-httpapi-ratelimit-headers, both fields. */
export function tellRemaining(reply: FastifyReply, limits: Limits, { kind, left, seconds }: Remaining): void {
  reply.header('ratelimit-policy', limits.policy[kind]);
  reply.header('ratelimit', `"${kind}";r=${left};t=${seconds}`);
}
