// What a shopper carries: two httpOnly cookies. Only server code reads them.

import { cookies, headers } from 'next/headers';
import type { CartAccess, OrderAccess } from './souk';

const CART = 'souk_cart';
const ORDER = 'souk_order';
const KEPT = { httpOnly: true, sameSite: 'lax', secure: process.env.NODE_ENV === 'production', path: '/' } as const;
const CART_SECONDS = 30 * 24 * 3600;

async function read<Value>(name: string): Promise<Value | undefined> {
  const kept = (await cookies()).get(name)?.value;
  try {
    return kept ? (JSON.parse(kept) as Value) : undefined;
  } catch {
    return undefined; // somebody wrote a cookie of their own
  }
}

export const cartAccess = () => read<CartAccess>(CART);
export const orderAccess = () => read<OrderAccess>(ORDER);

export async function keepCart(access: CartAccess): Promise<void> {
  (await cookies()).set(CART, JSON.stringify(access), { ...KEPT, maxAge: CART_SECONDS });
}

export async function keepOrder(access: OrderAccess): Promise<void> {
  (await cookies()).set(ORDER, JSON.stringify(access), { ...KEPT, maxAge: CART_SECONDS });
}

/**
 * The shopper's address. Only a header that your own edge sets may be believed: name it in BUYER_ADDRESS_HEADER (Vercel:
 * x-vercel-forwarded-for; nginx: one you set from $remote_addr).
 */
export async function buyerAddress(): Promise<string | undefined> {
  const name = process.env.BUYER_ADDRESS_HEADER;
  return name ? ((await headers()).get(name) ?? undefined) : undefined;
}
