import { fastify } from 'fastify';
import { expect, test } from 'vitest';
import { orderPage } from './order-page.ts';

const api = fastify();
orderPage(api);

test('the page of an order runs our own script, says nothing to another host and makes nothing of text', async () => {
  const { body, headers } = await api.inject('/account/order');
  expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
  expect(body).not.toMatch(/https?:|<script>|\son\w+=/);
  const script = await api.inject('/account/order.js');
  expect(script.headers['content-type']).toBe('text/javascript; charset=utf-8');
  expect(script.body).not.toMatch(/\/\/\w|innerHTML|eval/);
  expect(() => new Function(script.body)).not.toThrow();
});
