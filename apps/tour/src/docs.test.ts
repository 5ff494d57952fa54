import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemSession } from '@souk/domain/kernel/ctx';
import type { CompanyId } from '@souk/domain/kernel/ids';
import { DEMO_COMPANIES } from '@souk/domain/setup/demo/demo-companies';
import { openDemoShop } from '@souk/domain/setup/demo/demo-shop.service';
import { useDatabase } from '@souk/domain/testing/database';
import { commandsOnPath } from '@souk/local/command';
import { type Builds, buildProcesses } from '@souk/local/testing/processes';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as souk from '../../../examples/nextjs-storefront/lib/souk.ts';
import { tagsOf, verified } from '../../../examples/nextjs-storefront/lib/webhook.ts';
import { type Deployment, deploy } from './testing/deployment.ts';
import { type Block, blocksOf } from './testing/doc-blocks.ts';

const ROOT = path.join(import.meta.dirname, '..', '..', '..');
const WITHIN_MS = 120_000;
const PASSWORD = 'correct horse battery staple';
const [PLAN] = DEMO_COMPANIES;
/** Blocks with a curl that are not run, each with its reason in the text. Whoever adds one changes this number. */
const NOT_RUN = 0;
/** The commands are those of a shell; scripts/test.mjs tells whoever has none of it. */
const [curl] = await commandsOnPath('curl');
const hasShell = curl !== undefined && (await commandsOnPath('bash')).length > 0;

const db = useDatabase();
let builds: Builds;
let deployment: Deployment;
let shop: { key: string; token: string };
const here = mkdtempSync(path.join(tmpdir(), 'souk-docs-'));

beforeAll(async () => {
  builds = await buildProcesses('src/main.ts');
  deployment = await deploy(builds.folder, db, undefined);
  shop = await demoShop(deployment.addresses.admin);
  for (const name of ['products.csv']) copyFileSync(catalogue(), path.join(here, name));
  // Whatever the API refuses ends the script.
  writeFileSync(path.join(here, 'curl'), `#!/bin/sh\nexec ${curl} --fail-with-body "$@"\n`);
  chmodSync(path.join(here, 'curl'), 0o755);
}, WITHIN_MS);
afterAll(async () => {
  await deployment?.stop();
  await builds?.remove();
  rmSync(here, { recursive: true, force: true });
});

const catalogue = () => path.join(ROOT, 'apps', 'cli', 'demo', PLAN.catalogue);

async function json<Body>(url: string, init: RequestInit = {}): Promise<Body> {
  const answer = await fetch(url, init);
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as Body; // whoever asks names what is there
}

const posted = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});

/** The first company of `npm start`, with its goods. */
async function demoShop(admin: string) {
  const made = await json<{ company: { id: CompanyId }; tokens: { accessToken: string }; apiKey: { key: string } }>(
    `${admin}/v1/companies`,
    posted({ company: PLAN.company, owner: { ...PLAN.owner, password: PASSWORD } }),
  );
  await db.app.run(systemSession(made.company.id, 'demo'), (ctx) => openDemoShop(ctx, PLAN.shop));
  const token = made.tokens.accessToken;
  const headers = { authorization: `Bearer ${token}` };
  const form = new FormData();
  form.append('updateStock', 'true');
  form.append('file', new Blob([readFileSync(catalogue())]), 'products.csv');
  const url = `${admin}/v1/product-imports`;
  const { id } = await json<{ id: string }>(url, { method: 'POST', headers, body: form });
  await fetch(`${url}/${id}/events`, { headers }).then((answer) => answer.text()); // ends with the import
  const { status } = await json<{ status: string }>(`${url}/${id}`, { headers });
  if (status !== 'completed') throw new Error(`The import of the goods is ${status}`);
  return { key: made.apiKey.key, token };
}

const FILES = ['README.md', ...readdirSync(path.join(ROOT, 'docs')).map((name) => `docs/${name}`)].filter((name) =>
  name.endsWith('.md'),
);
const blocks = FILES.flatMap((file) => blocksOf(file, readFileSync(path.join(ROOT, file), 'utf8')));
const withCurl = (file: string) => blocks.filter((block) => block.file === file && block.notRun === undefined);

/** What stands for something of the reader's own, and where `npm start` serves. */
function filledIn(text: string): string {
  const { admin, storefront, mailbox } = deployment.addresses;
  return text
    .replaceAll('http://localhost:4000', admin)
    .replaceAll('http://localhost:4100', storefront)
    .replaceAll('http://localhost:8025', mailbox)
    .replaceAll('souk_pk_live_…', shop.key)
    .replaceAll('"password":"…"', `"password":"${PASSWORD}"`)
    .replaceAll('<accessToken>', shop.token)
    .replace(/(-F dryRun=true \S+)/, '$1 | tee import.json')
    .replaceAll('pim_…', "$(node -p 'JSON.parse(fs.readFileSync(`import.json`)).id')")
    .replace('# open it, press Pay', '| tee page.url; curl -s -o page.html -d outcome=pay "$(cat page.url)"');
}

/** Runs the blocks of a page as its reader does, one after the other in one shell, and gives what they printed. */
async function run(chosen: readonly Block[], fill = filledIn): Promise<string> {
  const script = path.join(here, 'script.sh');
  writeFileSync(script, `set -euo pipefail\n${chosen.map(({ script: text }) => fill(text)).join('\n')}\n`);
  const env = { ...process.env, PATH: `${here}:${process.env['PATH'] ?? ''}` };
  // Not `spawnSync`: the simulator of payments answers from this process.
  const shell = spawn('bash', [script], { cwd: here, env, timeout: WITHIN_MS });
  let [printed, complained] = ['', ''];
  shell.stdout.setEncoding('utf8').on('data', (piece: string) => {
    printed += piece;
  });
  shell.stderr.setEncoding('utf8').on('data', (piece: string) => {
    complained += piece;
  });
  const [code] = await once(shell, 'close');
  if (code === 0) return printed;
  const kept = readdirSync(here).filter((name) => name.endsWith('.json'));
  const files = kept.map((name) => `${name}: ${readFileSync(path.join(here, name), 'utf8').slice(0, 600)}`);
  const said = [printed, complained].map((text) => text.slice(-2_000));
  throw new Error([`${chosen[0]?.file}: the commands ended with ${code}.`, ...said, ...files].join('\n'));
}

/** Pages whose commands ask for more than what everybody has, or say more than that they were taken. */
const OWN_TEST = ['README.md', 'docs/payments.md', 'docs/webhooks.md'];
const pages = [...new Set(blocks.map(({ file }) => file))];

test('what has a curl is found, and what is not run says why', () => {
  expect(pages).toEqual(expect.arrayContaining(OWN_TEST));
  expect(blocks.filter(({ notRun }) => notRun !== undefined)).toHaveLength(NOT_RUN);
  expect(blocks.length).toBeGreaterThanOrEqual(7);
});

test.runIf(hasShell)(
  'the commands of the README do what it says, from the first look to a paid order',
  {
    timeout: WITHIN_MS,
  },
  async () => {
    const printed = await run(withCurl('README.md'));
    expect(printed.trim().split('\n').at(-1)).toBe('paid');
    expect(printed).toContain('"handle":"adire-house"');
  },
);

test.runIf(hasShell)(
  'the commands of docs/webhooks.md make an endpoint, try it, send again and change the secret',
  {
    timeout: WITHIN_MS,
  },
  async () => {
    const printed = await run(withCurl('docs/webhooks.md'));
    expect(printed.match(/whsec_/g)?.length).toBeGreaterThanOrEqual(2);
    expect(printed).toContain('order.paid');
    expect(printed).toContain('"dryRun":true');
  },
);

test.runIf(hasShell)(
  'the commands of docs/payments.md move the books of the simulator',
  { timeout: WITHIN_MS },
  async () => {
    const { origin } = new URL(readFileSync(path.join(here, 'page.url'), 'utf8').trim());
    const bearer = { authorization: `Bearer sk_test_${'d0c5'.repeat(8)}` };
    const begin = () =>
      json<{ data: { reference: string; id: number } }>(
        `${origin}/transaction/initialize`,
        posted({ email: 'ada@example.com', amount: 5_000, currency: 'NGN' }, bearer),
      );
    const [open, paid] = [await begin(), await begin()];
    await json(`${origin}/control/transactions/${paid.data.reference}`, posted({ outcome: 'pay' }));
    const refund = await json<{ data: { id: number } }>(
      `${origin}/refund`,
      posted({ transaction: paid.data.reference }, bearer),
    );
    await run(withCurl('docs/payments.md'), (text) =>
      text
        .replaceAll('http://localhost:4300', origin)
        .replaceAll('<reference>', open.data.reference)
        .replaceAll('<id>', String(refund.data.id))
        .replaceAll('sk_test_…', `sk_test_${'d0c5'.repeat(8)}`),
    );
  },
);

const others = pages.filter((page) => !OWN_TEST.includes(page));
test.runIf(hasShell).each(others)('the commands of %s are taken', { timeout: WITHIN_MS }, async (page) => {
  await run(withCurl(page));
});

test('the data layer of the Next.js example sells, from the list of products to a paid order', {
  timeout: WITHIN_MS,
}, async () => {
  const scopes = ['listing.read', 'carts.write', 'checkout.write', 'orders.read'];
  const { key } = await json<{ key: string }>(
    `${deployment.addresses.admin}/v1/api-keys`,
    posted({ name: 'Next.js', type: 'secret', scopes }, { authorization: `Bearer ${shop.token}` }),
  );
  process.env['SOUK_URL'] = deployment.addresses.storefront;
  process.env['SOUK_KEY'] = key;
  const { data } = await souk.listProducts({ q: 'dress' });
  const product = await souk.findProduct(data.find(({ isAvailable }) => isAvailable)?.handle ?? '');
  const variant = product?.variants.find(({ isAvailable }) => isAvailable);
  expect(await souk.findProduct('nothing-of-this-name')).toBeUndefined();

  const access = await souk.createCart();
  await expect(souk.addLine(access, variant?.id ?? '', 100_000)).rejects.toBeInstanceOf(souk.SoukError);
  const filled = await souk.addLine(access, variant?.id ?? '', 1);
  await souk.setQuantity(access, filled.lines[0]?.id ?? '', 2);
  await souk.setEmail(access, 'ada@example.com');
  await souk.setShippingAddress(access, { lastName: 'Obi', line1: '1 Marina', city: 'Lagos', country: 'NG' });
  const [parcel] = await souk.listParcels(access);
  await souk.chooseShipping(access, parcel?.options[0]?.id ?? '');
  const cart = await souk.addDiscountCode(access, 'welcome10', '203.0.113.7');
  expect(cart).toMatchObject({ requirements: [], lines: [{ quantity: 2 }] });
  const shown = { ...cart.totals.total, amount: cart.totals.total.amount - 1 };
  const how = { returnUrl: 'http://localhost:3000/thanks', idempotencyKey: crypto.randomUUID() };
  await expect(souk.checkout(access, { ...how, expectedTotal: shown })).rejects.toMatchObject({
    code: 'total_changed',
  });
  const again = { ...how, idempotencyKey: crypto.randomUUID(), expectedTotal: cart.totals.total };
  const { order, access: orderAccess, redirectUrl } = await souk.checkout(access, again);
  expect((await souk.checkout(access, again)).order.id).toBe(order.id);
  expect((await souk.verifyPayment(orderAccess)).payment.status).toBe('pending');
  await fetch(redirectUrl ?? '', { method: 'POST', body: new URLSearchParams({ outcome: 'pay' }), redirect: 'manual' });
  const { order: now, payment } = await souk.verifyPayment(orderAccess);
  expect([now.number, now.paymentStatus, payment.status]).toEqual([order.number, 'paid', 'paid']);
  expect(await souk.findCart(access)).toBeUndefined();
  expect(souk.format({ amount: 125_000, currency: 'NGN' })).toMatch(/1,250\.00/);
});

test('the webhooks of the Next.js example make stale what changed, if they are ours', () => {
  const secret = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
  const at = new Date();
  const event = { id: 'evt_1', type: 'product.updated', sequence: 2, data: { product: { handle: 'lamp' } } };
  const body = JSON.stringify(event);
  const headers = new Headers({
    'webhook-id': 'evt_1',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': new Webhook(secret).sign('evt_1', at, body),
  });
  const told = verified(headers, body, secret);
  expect(told && tagsOf(told)).toEqual(['products', 'product:lamp']);
  expect(verified(headers, `${body} `, secret)).toBeUndefined();
  expect(verified(headers, body, '')).toBeUndefined();
  expect(told && tagsOf({ ...told, test: true })).toEqual([]);
});

test('the receiver of the example takes what is signed, once, and nothing else', async () => {
  const secret = `whsec_${Buffer.alloc(32, 3).toString('base64')}`;
  const receiver = spawn(process.execPath, [path.join(ROOT, 'examples', 'webhook-receiver', 'receiver.mjs')], {
    env: { WEBHOOK_SECRET: secret, PORT: '0' },
  });
  try {
    const { url, said } = await listening(receiver);
    const send = (body: string, { id, key = secret, at = new Date() }: { id: string; key?: string; at?: Date }) =>
      fetch(url, {
        method: 'POST',
        body,
        headers: {
          'webhook-id': id,
          'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
          'webhook-signature': `v1,AAAA ${new Webhook(key).sign(id, at, body)}`,
        },
      }).then(({ status }) => status);
    const event = (id: string, sequence: number) =>
      JSON.stringify({ id, type: 'order.paid', sequence, data: { order: { id: 'ord_1' } } });
    expect(await send(event('evt_2', 2), { id: 'evt_2' })).toBe(204);
    expect(await send(event('evt_2', 2), { id: 'evt_2' })).toBe(204);
    expect(await send(event('evt_1', 1), { id: 'evt_1' })).toBe(204);
    const other = `whsec_${Buffer.alloc(32, 4).toString('base64')}`;
    expect(await send(event('evt_3', 3), { id: 'evt_3', key: other })).toBe(400);
    expect(await send(event('evt_3', 3), { id: 'evt_3', at: new Date(Date.now() - 600_000) })).toBe(400);
    expect(said().slice(1)).toEqual(['order.paid ord_1 2', 'again, known: evt_2', 'older than what we have: evt_1']);
  } finally {
    receiver.kill();
    await once(receiver, 'exit');
  }
});

async function listening(child: ChildProcess): Promise<{ url: string; said(): string[] }> {
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  while (!text.includes('\n')) await once(child.stdout ?? child, 'data');
  return { url: /http:\S+/.exec(text)?.[0] ?? '', said: () => text.trim().split('\n') };
}
