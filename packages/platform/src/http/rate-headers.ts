import type { FastifyReply } from 'fastify';
import type { Remaining } from '../limits.ts';

// The two fields of draft-ietf-httpapi-ratelimit-headers.
const POLICY = 'ratelimit-policy';
const LEFT = 'ratelimit';

/** What is left, as headers of an answer that is not there yet. */
export const rateHeaders = (remaining: Remaining) => ({ [POLICY]: remaining.policy, [LEFT]: leftOf(remaining) });

/** Tells a client what is left. */
export function tellRemaining(reply: FastifyReply, remaining: Remaining): void {
  reply.header(POLICY, remaining.policy);
  reply.header(LEFT, leftOf(remaining));
}

const leftOf = ({ kind, left, seconds }: Remaining) => `"${kind}";r=${left};t=${seconds}`;
