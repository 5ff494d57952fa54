import { type Attempts, addressKey, subjectKey } from '../../identity/sessions/attempts.ts';
import { lookingOnly, type Run, type Session } from '../../kernel/ctx.ts';
import { addCode } from './cart-codes.service.ts';
import { refuseNoAccess } from './cart-scene.service.ts';
import { cartViewOf } from './cart-view.ts';
import type { CartAt } from './cart-writes.service.ts';
import type { CartView } from './carts.contract.ts';

/**
 * Runs units of work on what is in a cart: a shopper waits for no disk. What it lost in a crash of the database server, they
 * put in again; an order waits for the disk, and then all that led to it is there as well. Not for whose a cart is: whoever
 * was told that it is theirs may have thrown its token away.
 */
export const cartRun =
  (run: Run): Run =>
  (session, work) =>
    run({ ...session, commitsAsync: true }, work);

/**
 * Adds a discount code. Every try counts, for its network at this company and for its cart, before the code is looked up:
 * otherwise the answer to a right guess would still come. For the cart only after it opened: whoever knows no more than
 * its id could lock its shopper out otherwise. Throws `TooManyAttempts`, and what `addCode` throws.
 */
export async function tryCode(
  run: Run,
  attempts: Attempts,
  session: Session,
  at: CartAt,
  code: string,
): Promise<CartView> {
  await attempts.consume('discount_code', `${addressKey(session.ip)}|${session.companyId}`);
  await run(lookingOnly(session), (ctx) => refuseNoAccess(ctx, at));
  await attempts.consume('discount_code', subjectKey(session.companyId, at.id));
  return run(session, async (ctx) => {
    const { scene, totals } = await addCode(ctx, at, code);
    return cartViewOf(scene, { totals });
  });
}
