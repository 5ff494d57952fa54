import { fastify } from 'fastify';
import { expect, test } from 'vitest';
import { accountPages, customerPages } from './account-pages.ts';

const api = fastify();
accountPages(api);
const shop = fastify();
customerPages(shop);

const pages = [
  { path: '/accept-invite', host: api, parts: 'account/' },
  { path: '/reset-password', host: api, parts: 'account/' },
  { path: '/account/verify', host: shop, parts: '' },
  { path: '/account/reset-password', host: shop, parts: '' },
];

test.each(pages)(
  '$path runs our own script and style only, and says nothing to another host',
  async ({ path, host, parts }) => {
    const { body, headers } = await host.inject(path);
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
    expect(headers['content-security-policy']).not.toMatch(/unsafe|https?:|\*/);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(body).not.toMatch(/<style|<script>|\sstyle=|\son\w+=|<form[^>]*\saction=/);
    const files = [...body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file ?? '');
    expect(files).toEqual([`${parts}form.css`, `${parts}form.js`]);
    for (const file of files) {
      const served = await host.inject(new URL(file, `http://host${path}`).pathname);
      expect(served.statusCode).toBe(200);
      expect(served.body).not.toMatch(/\/\/\w|url\(|@import|innerHTML|eval/); // no other host, nothing made of text
    }
    expect(body).not.toMatch(/https?:|\/\//);
  },
);

test('a customer confirms an address with one press, and chooses a password with one field', async () => {
  const verify = (await shop.inject('/account/verify')).body;
  expect(verify).not.toContain('<input');
  expect(verify).toContain('data-to="../v1/account-links/verification"');
  const reset = (await shop.inject('/account/reset-password')).body;
  expect(reset.match(/<input [^>]*name="/g)).toHaveLength(1);
  expect(reset).toContain('data-to="../v1/account-links/password-reset"');
});

test('every field has a label, and a place for its fault that belongs to it', async () => {
  const { body } = await api.inject('/accept-invite');
  for (const name of ['name', 'password']) {
    expect(body).toContain(`<label for="${name}">`);
    expect(body).toMatch(new RegExp(`id="${name}"[^>]*aria-describedby="[^"]*${name}-error`));
    expect(body).toContain(`id="${name}-error"`);
  }
});
