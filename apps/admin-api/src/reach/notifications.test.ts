import type { Id } from '@souk/domain/kernel/ids';
import { useDatabase } from '@souk/domain/testing/database';
import { expect, test } from 'vitest';
import { bootAdmin, register } from '../testing/boot-admin.ts';
import { givenReachThings } from '../testing/reach-things.ts';

const db = useDatabase();
const admin = bootAdmin(db);

interface Template {
  name: string;
  subject: string;
  html: string;
  version: number;
  isOverridden: boolean;
  variables: { name: string }[];
}

async function given() {
  const { company, tokens } = await register(admin);
  const call = <T = Record<string, unknown>>(method: string, path: string, body?: unknown, ifMatch?: string) =>
    admin.call<T>(method, path, {
      token: tokens.accessToken,
      ...(body !== undefined && { body }),
      ...(ifMatch !== undefined && { headers: { 'if-match': ifMatch } }),
    });
  return { companyId: company.id as Id<'com'>, call };
}

test('a merchant reads what a mail says, tries other words, keeps them, and takes them back', async () => {
  const { call } = await given();
  const list = await call<{ data: Template[] }>('GET', '/v1/notification-templates');
  expect(list.body.data.map(({ name }) => name)).toContain('order-shipped');
  const path = '/v1/notification-templates/order-shipped';
  const { body: stands } = await call<Template>('GET', path);
  expect(stands.variables.map(({ name }) => name)).toContain('trackingUrl');

  const words = { subject: '{{ order.number }} is coming', html: `${stands.html}\n<p>{{ carrier | upcase }}</p>` };
  const seen = await call<{ subject: string; html: string; text: string }>('POST', `${path}/preview`, words);
  expect(seen).toMatchObject({ status: 200, body: { subject: 'SK-1001 is coming' } });
  expect(seen.body.text).toContain('GIG LOGISTICS');
  expect(seen.body.html).toMatch(/^<!doctype html>/);

  expect(await call('PUT', path, words, '"0"')).toMatchObject({
    status: 200,
    body: { version: 1, isOverridden: true },
  });
  expect(await call('PUT', path, words, '"0"')).toMatchObject({ status: 412 });
  expect(await call('DELETE', path, undefined, '"1"')).toMatchObject({ status: 204 });
  expect(await call('GET', path)).toMatchObject({ status: 200, body: { version: 0, subject: stands.subject } });
});

test('a mistake in a template is told with its field and place; what is no mail is not found', async () => {
  const { call } = await given();
  const path = '/v1/notification-templates/order-paid';
  const typo = { subject: 'x', html: '<p>{{ order.numbr }}</p>' };
  for (const [method, end] of [
    ['PUT', ''],
    ['POST', '/preview'],
  ] as const)
    expect(await call(method, `${path}${end}`, typo)).toMatchObject({
      status: 400,
      body: {
        errors: [{ pointer: '/html', code: 'unknown_variable', message: expect.stringContaining('order.numbr') }],
      },
    });
  expect(await call('PUT', path, { subject: '', html: 'x' })).toMatchObject({ status: 400 });
  expect(await call('PUT', path, { subject: 'x', html: 'x', css: '' })).toMatchObject({ status: 400 });
  expect(await call('PUT', '/v1/notification-templates/nope', typo)).toMatchObject({ status: 404 });
  expect(await call('DELETE', '/v1/notification-templates/constructor')).toMatchObject({ status: 404 });
});

test('a merchant finds a mail, sees its tries, and sends it again', async () => {
  const { companyId, call } = await given();
  const { run } = admin.parts.database;
  const session = {
    companyId,
    actor: { type: 'system', id: 'test' },
    permissions: new Set<string>(),
    requestId: 't',
  } as const;
  const { ntf } = await givenReachThings(run, session);
  const list = await call<{ data: { id: string }[] }>('GET', '/v1/notifications?status=sent&template=order-paid');
  expect(list.body.data.map(({ id }) => id)).toEqual([ntf]);
  expect(await call('GET', '/v1/notifications?status=lost')).toMatchObject({ status: 400 });
  const path = `/v1/notifications/${ntf}`;
  expect(await call('GET', path)).toMatchObject({ status: 200, body: { canResend: true, attempts: [{ number: 1 }] } });
  expect(await call('POST', `${path}/resend`)).toMatchObject({
    status: 202,
    body: { originalId: ntf, status: 'pending' },
  });
  expect(await call('POST', `${path}/resend`)).toMatchObject({ status: 409, body: { code: 'notification_pending' } });
});
