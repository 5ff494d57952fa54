import { fastify } from 'fastify';
import { expect, test } from 'vitest';
import { accountPages, customerPages } from './account-pages.ts';
import { openPage } from './testing/tiny-browser.ts';

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

const PASSWORD = 'eleven paper boats';

/** A page as a browser has it, opened from the link of a mail. */
async function opened({ path, host }: (typeof pages)[number], answer = { status: 204, body: {} as unknown }) {
  const folder = host === api ? '/account/' : new URL('.', `http://host${path}`).pathname;
  const script = (await host.inject(`${folder}form.js`)).body;
  return openPage((await host.inject(path)).body, script, '#token=ctk_abc', answer);
}

test.each(pages)('$path works in a browser: it shows its form, sends the token and what was written', async (page) => {
  const { form, byId, sent } = await opened(page);
  expect(form.hidden).toBe(false);
  for (const field of form.elements) if (field.name) field.value = PASSWORD;
  await form.fire('submit');
  const to = form.dataset['to'];
  const written = Object.fromEntries([...form.elements].filter(({ name }) => name).map(({ name }) => [name, PASSWORD]));
  expect(sent).toEqual([{ to, body: { token: 'ctk_abc', ...written } }]);
  expect([form.hidden, byId('done')?.hidden]).toEqual([true, false]);
});

test.each(pages)('$path says beside the field what is missing, and what the server says is wrong', async (page) => {
  const errors = [{ pointer: '/password', message: 'Too short.' }];
  const { form, byId, sent } = await opened(page, { status: 422, body: { detail: 'Look.', errors } });
  await form.fire('submit');
  expect([sent, byId('password-error')?.textContent]).toEqual([[], expect.stringMatching(/^Please/)]);
  for (const field of form.elements) if (field.name) field.value = PASSWORD;
  await form.fire('submit');
  expect(byId('password-error')?.textContent).toBe('Too short.');
  expect(byId('alert')).toMatchObject({ hidden: false, textContent: 'Please look at what is marked below.' });
});

test('the password can be shown, and whoever did not register makes it their new one', async () => {
  const { form, byId, sent } = await opened({ path: '/account/verify', host: shop, parts: '' });
  const [password] = form.elements;
  if (!password) throw new Error('no field');
  const tick = async (id: string) => {
    const box = byId(id);
    if (!box) throw new Error(`no ${id}`);
    box.checked = true;
    await box.fire('change');
  };
  await tick('show');
  await tick('instead');
  expect(password).toMatchObject({ type: 'text', autocomplete: 'new-password', value: '' });
  password.value = PASSWORD;
  await form.fire('submit');
  expect(sent.map(({ to }) => to)).toEqual(['../v1/account-links/password-reset']);
});

test('a customer confirms an address with the password of the account, and chooses a password with one field', async () => {
  const verify = (await shop.inject('/account/verify')).body;
  expect(verify.match(/<input [^>]*name="/g)).toHaveLength(1);
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
