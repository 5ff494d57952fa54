import { randomBytes } from 'node:crypto';
import { hashToken } from '../../identity/sessions/opaque-token.ts';
import type { Session } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';

const SECRET_BYTES = 32; // 256 bits: nothing to guess, so a fast hash is enough to store it
/** Longer than any token of ours; a longer header is none. */
const TOKEN_LENGTH_MAX = 200;

/**
 * With what somebody comes to a cart. A guest's cart is opened by its token, also for a customer who brings that. A
 * customer's cart is opened by its customer alone: on a shared computer the token stays behind in the browser after they
 * logged out, and with it their address. Whatever does not open a cart gets the answer of a cart that is not there.
 */
export interface CartAccess {
  /** Of the token that came along. */
  readonly tokenHash: string | null;
  readonly customerId: Id<'cus'> | null;
}

/** The access of a request: its `X-Cart-Token`, and the customer it is from. */
export const accessOf = ({ actor }: Session, token: string | undefined): CartAccess => ({
  tokenHash: token && token.length <= TOKEN_LENGTH_MAX ? hashToken(token) : null,
  customerId: actor.type === 'customer' ? actor.id : null,
});

/** A new token and what is stored in its place. */
export function makeCartToken(): { token: string; hash: string } {
  const token = randomBytes(SECRET_BYTES).toString('base64url');
  return { token, hash: hashToken(token) };
}

/** SQL of the condition under which a row of `carts` opens. The arguments are pieces of SQL. */
export const opensTo = (cart: string, { tokenHash, customerId }: { tokenHash: string; customerId: string }): string =>
  `(case when ${cart}.customer_id is null then ${cart}.token_hash = ${tokenHash}::text
      else ${cart}.customer_id = ${customerId}::text end)`;
