import { exponentOf } from '@souk/domain/kernel/money';
import type { FastifyInstance } from 'fastify';
import { serve } from './account-pages.ts';

/**
 * Adds `/account/order`, the page that a mailed link to an order leads to while its shop has no pages of its own. The token
 * stands behind `#` and never reaches our log.
 */
export function orderPage(fastify: FastifyInstance): void {
  serve(fastify, '/account/order', 'text/html; charset=utf-8', PAGE);
  serve(fastify, '/account/order.js', 'text/javascript; charset=utf-8', SCRIPT);
}

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Your order</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<link rel="stylesheet" href="form.css">
<script src="order.js" defer></script>
</head>
<body>
<main>
<h1>Your order</h1>
<p id="alert" role="alert" hidden></p>
<div id="order" data-from="../v1/account-links/order" tabindex="-1" hidden></div>
<noscript><p>This page needs JavaScript.</p></noscript>
</main>
</body>
</html>
`;

/** Decimals of currencies that have other than two: browsers and ISO 4217 do not agree on all of them. */
const DECIMALS = JSON.stringify(
  Object.fromEntries(
    Intl.supportedValuesOf('currency').flatMap((code) => (decimalsOf(code) === 2 ? [] : [[code, decimalsOf(code)]])),
  ),
);

function decimalsOf(currency: string): number {
  try {
    return exponentOf(currency);
  } catch {
    return 2; // not one of ours, so no order is in it
  }
}

/** For the browser. Everything it shows is set as text. */
const SCRIPT = `'use strict';
(() => {
  const place = document.getElementById('order');
  const alertBox = document.getElementById('alert');
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  // Out of the address bar, the history and over-the-shoulder sight.
  history.replaceState(null, '', location.pathname + location.search);

  function say(text) {
    alertBox.textContent = text;
    alertBox.hidden = false;
  }

  function add(text) {
    const line = document.createElement('p');
    line.textContent = text;
    place.append(line);
  }

  const WAY = { pending: 'is being packed', packed: 'is packed', shipped: 'is on its way', out_for_delivery: 'is being delivered today', delivered: 'has been delivered', failed: 'could not be delivered', returned: 'came back to the shop' };

  function addParcel(parcel) {
    const goods = parcel.lines.map((line) => line.quantity + ' \u00d7 ' + line.title).join(', ');
    const carrier = [parcel.carrier, ...parcel.trackingNumbers].filter(Boolean).join(' ');
    add('Parcel (' + goods + ') ' + WAY[parcel.status] + (carrier ? ': ' + carrier : '') + '.');
    if (!parcel.trackingUrl) return;
    const link = document.createElement('a');
    link.href = parcel.trackingUrl;
    link.rel = 'noreferrer';
    link.textContent = 'Follow it';
    place.lastElementChild.append(' ', link);
  }

  const LIFE = { pending: 'It waits for its payment.', open: 'It is being prepared.', completed: 'It has been delivered.', cancelled: 'It was cancelled.', expired: 'It was not paid in time.' };
  const SENT = { none: '', partial: 'A part of it is on its way.', fulfilled: 'It is on its way.', delivered: '' };

  const DECIMALS = ${DECIMALS};

  /** Minor units as people of the reader's country write them. */
  function money({ amount, currency }) {
    const digits = DECIMALS[currency] ?? 2;
    const form = { style: 'currency', currency, minimumFractionDigits: digits, maximumFractionDigits: digits };
    return new Intl.NumberFormat(undefined, form).format(amount / 10 ** digits);
  }

  function show(order) {
    document.querySelector('h1').textContent = 'Order ' + order.number;
    add([LIFE[order.lifecycle], order.lifecycle === 'open' ? SENT[order.fulfilmentStatus] : ''].join(' ').trim());
    for (const line of order.lines)
      add(line.quantity + ' \u00d7 ' + line.title + (line.variantTitle ? ' (' + line.variantTitle + ')' : '') + ', ' + money(line.total));
    for (const line of order.shippingLines) add(line.name + ', ' + money(line.total));
    add('Total: ' + money(order.totals.total));
    if (order.payment && order.payment.instructions) add('How to pay: ' + order.payment.instructions);
    if (order.refundedTotal.amount > 0) add('Given back: ' + money(order.refundedTotal));
    order.fulfilments.forEach(addParcel);
    place.hidden = false;
    place.focus();
  }

  async function load() {
    const answer = await fetch(place.dataset.from, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
    });
    const given = await answer.json().catch(() => ({}));
    if (answer.ok) show(given);
    else say(given.detail || 'The server could not do it. Try again in a moment.');
  }

  if (token) load().catch(() => say('The server did not answer. Check the connection and try again.'));
  else say('This page needs the whole link from the mail. Open that link again, or copy all of it.');
})();
`;
