import type { PaystackBooks } from './paystack-simulator-books.ts';
import { isPaid, type PaystackTransaction } from './paystack-simulator-transactions.ts';

/** Its own style and nothing else. No `form-action`: browsers apply it to the way back to the shop as well. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";
const STYLE = `
  :root { color-scheme: light dark; --ink: #14202b; --soft: #5b6b7a; --line: #d9e1e8; --card: #fff; --ground: #eef3f6;
    --go: #0b7a4b; --stop: #a8323a; --note: #fff6dd; --note-ink: #6b4e00; }
  @media (prefers-color-scheme: dark) { :root { --ink: #e9eff4; --soft: #9fb0be; --line: #31404c; --card: #18232c;
    --ground: #0f171d; --go: #128055; --stop: #d5616a; --note: #3a3013; --note-ink: #f3dfa2; } }
  * { box-sizing: border-box; } body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem;
    font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); }
  main { width: 100%; max-width: 26rem; background: var(--card); border: 1px solid var(--line); border-radius: 14px;
    overflow: hidden; box-shadow: 0 8px 30px rgb(0 0 0 / .08); }
  .note { background: var(--note); color: var(--note-ink); padding: .6rem 1.25rem; font-size: .875rem; }
  .in { padding: 1.25rem; } h1 { font-size: .95rem; font-weight: 600; margin: 0; color: var(--soft); }
  .amount { font-size: 2.1rem; font-weight: 700; letter-spacing: -.01em; margin: .1rem 0 1rem; overflow-wrap: anywhere; }
  dl { margin: 0 0 1.25rem; display: grid; grid-template-columns: auto 1fr; gap: .3rem 1rem; font-size: .875rem; }
  dt { color: var(--soft); } dd { margin: 0; text-align: right; overflow-wrap: anywhere; }
  button, .button { display: block; width: 100%; min-height: 3rem; margin-top: .6rem; border-radius: 10px; font: inherit;
    font-weight: 600; cursor: pointer; border: 1px solid var(--line); background: transparent; color: var(--ink);
    text-align: center; text-decoration: none; line-height: 3rem; padding: 0; }
  .pay { background: var(--go); border-color: var(--go); color: #fff; } .decline { color: var(--stop); }
  button:focus-visible, a:focus-visible { outline: 3px solid #3b82f6; outline-offset: 2px; }
  .state { font-weight: 600; margin: 0 0 1rem; } .hint { color: var(--soft); font-size: .85rem; margin: 1rem 0 0; }`;

export interface PageAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** Answers for the page on which shoppers pay: shows it, or does what its buttons say. */
export function answerPage(
  books: PaystackBooks,
  { method, path, form }: { method: string; path: string; form: URLSearchParams },
): PageAnswer {
  const transaction = books.transactions.byAccessCode(path.slice('/pay/'.length));
  if (!transaction) return page(404, 'Not found', GONE);
  if (method === 'GET') {
    books.open(transaction);
    return page(200, 'Pay', shown(transaction));
  }
  if (method !== 'POST')
    return page(405, 'Not possible', '<p class="state">This page is opened, or its buttons are pressed.</p>');
  const outcome = form.get('outcome');
  if (isPaid(transaction)) return page(200, 'Paid', shown(transaction));
  if (outcome === 'pay') books.pay(transaction);
  else if (outcome === 'decline') books.decline(transaction);
  else if (outcome === 'cancel') books.cancel(transaction);
  else return page(400, 'Not possible', '<p class="state">That is none of the buttons.</p>');
  const back = backTo(transaction);
  if (back === undefined) return page(200, 'Done', shown(transaction));
  return { status: 303, headers: { location: back, 'cache-control': 'no-store' }, body: '' };
}

/** Where the shop wants the browser, with what Paystack puts behind it. Undefined: the shop named no address. */
function backTo({ callbackUrl, reference }: PaystackTransaction): string | undefined {
  if (callbackUrl === undefined) return undefined;
  const url = new URL(callbackUrl);
  url.searchParams.set('trxref', reference);
  url.searchParams.set('reference', reference);
  return url.href;
}

function shown(transaction: PaystackTransaction): string {
  const { amount, currency, email, reference, metadata, domain } = transaction;
  const back = backTo(transaction);
  const facts = [...orderIn(metadata), ['E-mail', email], ['Reference', reference], ['Key', domain]]
    .map(([name = '', value = '']) => `<dt>${safe(name)}</dt><dd>${safe(value)}</dd>`)
    .join('');
  const paid = isPaid(transaction);
  const ways = paid
    ? `<p class="state">${transaction.status === 'reversed' ? 'This was paid, and the money went back.' : 'This is paid.'}</p>` +
      (back === undefined ? '' : `<a class="button pay" href="${safe(back)}">Back to the shop</a>`)
    : `<form method="post"><button class="pay" name="outcome" value="pay">Pay ${safe(price(amount, currency))}</button>` +
      '<button class="decline" name="outcome" value="decline">Decline</button>' +
      '<button name="outcome" value="cancel">Cancel</button></form>' +
      (transaction.status === 'failed' ? '<p class="hint">The last card was declined. Another one may work.</p>' : '');
  return `<h1>${paid ? 'Amount' : 'To pay'}</h1><p class="amount">${safe(price(amount, currency))}</p><dl>${facts}</dl>${ways}`;
}

/** What a shop says of its order, if it does so in words. */
function orderIn(metadata: unknown): string[][] {
  if (typeof metadata !== 'object' || metadata === null) return [];
  const number = 'orderNumber' in metadata ? metadata.orderNumber : undefined;
  return typeof number === 'string' ? [['Order', number]] : [];
}

/** All of Paystack's currencies have two decimals. */
function price(amount: number, currency: string): string {
  const whole = Math.floor(amount / 100)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
  return `${currency} ${whole}.${String(amount % 100).padStart(2, '0')}`;
}

const GONE =
  '<p class="state">There is no payment here.</p><p class="hint">The address is wrong, or the simulator has forgotten it. Go back to the shop and pay again.</p>';

function page(status: number, title: string, content: string): PageAnswer {
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex"><title>${safe(title)} · Paystack simulator</title><style>${STYLE}</style>`;
  const note = '<div class="note">Paystack simulator: no card, no money.</div>';
  return {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': POLICY,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    },
    body: `<!doctype html><html lang="en"><head>${head}</head><body><main>${note}<div class="in">${content}</div></main></body></html>`,
  };
}

function safe(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '');
}
