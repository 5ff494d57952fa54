import type { Session } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';

/** The logged-in customer of a session. Throws on any other actor: the route lets only customers in. */
export function customerIdOf({ actor }: Pick<Session, 'actor'>): Id<'cus'> {
  if (actor.type !== 'customer')
    throw new Error(`a customer is needed here, not ${actor.type}: the route must be @Scope(…, { customer: true })`);
  return actor.id;
}
