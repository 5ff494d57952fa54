import { after, type Instant } from '../../kernel/clock.ts';

/**
 * Goods of an order that is paid at a provider are held this much longer than the order waits: as long as the provider's
 * page is good. So the end of an order is the order's own to say, and neither the sweep of holds nor a rival takes the
 * goods of somebody who is paying; an order that really ends gives them back at once.
 */
export const HOLD_GRACE_SECONDS = 20 * 60;
/** An order that is paid anew is held, from its placement on, at most so many times as long as a new one. */
const HOLDS_MAX = 3;

/** Until when the goods of an order are held that waits until `expiresAt` to be paid by `provider`; null: for good. */
export const heldUntil = (expiresAt: Instant | null, provider: string | null): Instant | null =>
  expiresAt === null || provider === null || provider === 'manual'
    ? expiresAt
    : after(new Date(expiresAt), HOLD_GRACE_SECONDS);

/** The moment beyond which no order of this age waits at the price it was placed at. `minutes`: how long a new one waits. */
export const lastWait = (createdAt: Instant, minutes: number): Instant =>
  after(new Date(createdAt), HOLDS_MAX * minutes * 60);
