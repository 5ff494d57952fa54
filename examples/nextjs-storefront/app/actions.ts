'use server';

import { randomUUID } from 'node:crypto';
import { redirect } from 'next/navigation';
import { buyerAddress, cartAccess, keepCart, keepOrder } from '../lib/session';
import * as souk from '../lib/souk';

const word = (form: FormData, name: string) => String(form.get(name) ?? '').trim();

/** What Souk refuses is said to the shopper, in its own words; everything else is our fault and fails loudly. */
async function orSay(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof souk.SoukError) || error.status >= 500) throw error;
    redirect(`/cart?${new URLSearchParams({ said: error.message })}`);
  }
}

async function openCart(): Promise<souk.CartAccess> {
  const known = await cartAccess();
  if (known && (await souk.findCart(known))) return known;
  const cart = await souk.createCart();
  await keepCart(cart);
  return cart;
}

export async function addToCart(form: FormData): Promise<void> {
  const cart = await openCart();
  await orSay(() => souk.addLine(cart, word(form, 'variantId'), Number(word(form, 'quantity')) || 1));
  redirect('/cart');
}

export async function setQuantity(form: FormData): Promise<void> {
  const cart = await openCart();
  await orSay(() => souk.setQuantity(cart, word(form, 'lineId'), Number(word(form, 'quantity'))));
  redirect('/cart');
}

export async function addCode(form: FormData): Promise<void> {
  const [cart, address] = [await openCart(), await buyerAddress()];
  await orSay(() => souk.addDiscountCode(cart, word(form, 'code'), address));
  redirect('/cart');
}

export async function saveDetails(form: FormData): Promise<void> {
  const cart = await openCart();
  const optional = Object.fromEntries(
    ['firstName', 'line2', 'region', 'postcode'].flatMap((name) =>
      word(form, name) ? [[name, word(form, name)]] : [],
    ),
  );
  await orSay(async () => {
    await souk.setEmail(cart, word(form, 'email'));
    const { lastName, line1, city, country } = Object.fromEntries(form) as Record<string, string>;
    await souk.setShippingAddress(cart, { lastName, line1, city, country, ...optional } as souk.Address);
  });
  redirect('/cart');
}

export async function chooseShipping(form: FormData): Promise<void> {
  const cart = await openCart();
  await orSay(() => souk.chooseShipping(cart, word(form, 'shippingOptionId')));
  redirect('/cart');
}

/**
 * Places the order for the total that the form showed. The key was made with the form: pressing twice, or again after a lost
 * answer, is one order. After a declined payment the cart's page comes with a new key, and so does a new try.
 */
export async function placeOrder(form: FormData): Promise<void> {
  const cart = await openCart();
  const expectedTotal = { amount: Number(word(form, 'amount')), currency: word(form, 'currency') };
  const returnUrl = `${process.env.SHOP_URL ?? 'http://localhost:3000'}/thanks`;
  const idempotencyKey = word(form, 'key') || randomUUID();
  let next = '/thanks';
  await orSay(async () => {
    const how = { expectedTotal, returnUrl, idempotencyKey, buyerAddress: await buyerAddress() };
    const { access, redirectUrl } = await souk.checkout(cart, how);
    await keepOrder(access);
    next = redirectUrl ?? next;
  });
  redirect(next);
}
