import { fastify } from 'fastify';
import { expect, test } from 'vitest';
import { accountPages } from './account-pages.ts';

const api = fastify();
accountPages(api);

test.each(['/accept-invite', '/reset-password'])(
  '%s runs our own script and style only, and says nothing to another host',
  async (path) => {
    const { body, headers } = await api.inject(path);
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
    expect(headers['content-security-policy']).not.toMatch(/unsafe|https?:|\*/);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(body).not.toMatch(/<style|<script>|\sstyle=|\son\w+=|<form[^>]*\saction=/);
    const files = [...body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file ?? '');
    expect(files).toEqual(['account/form.css', 'account/form.js']);
    for (const file of files) {
      const served = await api.inject(`/${file}`);
      expect(served.statusCode).toBe(200);
      expect(served.body).not.toMatch(/\/\/\w|url\(|@import|innerHTML|eval/); // no other host, nothing made of text
    }
    expect(body).not.toMatch(/https?:|\/\//);
  },
);

test('every field has a label, and a place for its fault that belongs to it', async () => {
  const { body } = await api.inject('/accept-invite');
  for (const name of ['name', 'password']) {
    expect(body).toContain(`<label for="${name}">`);
    expect(body).toMatch(new RegExp(`id="${name}"[^>]*aria-describedby="[^"]*${name}-error`));
    expect(body).toContain(`id="${name}-error"`);
  }
});
