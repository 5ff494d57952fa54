import { expect, test } from 'vitest';
import { staffInvited } from '../../identity/invites/invites.events.ts';
import { passwordChanged, passwordResetRequested } from '../../identity/passwords/passwords.events.ts';
import { sessionReuseDetected } from '../../identity/sessions/sessions.events.ts';
import { allEvents } from '../../kernel/events.ts';
import { orderExpired, orderPaid, orderPlaced } from '../../sales/orders/orders.events.ts';
import { endpointDisabled } from '../webhooks/webhook-endpoints.events.ts';
import type { CompanyWishes } from './company-wishes.ts';
import { CUSTOMER_RULES } from './customer-rules.ts';
import { render } from './email-templates.ts';
import { type Message, messagesFor, UnreadableEvent } from './notification-rules.ts';
import { ORDER_RULES } from './order-rules.ts';
import { ATTEMPTS_MAX, pauseAfter } from './sending-attempts.ts';

const EXPIRES_AT = '2026-11-28T09:00:00.000Z';
const around = {
  companyName: 'Ada & <b>Sons</b>',
  adminUrl: 'https://admin.example.com',
  shopUrl: 'https://shop.example.com',
};
const messages: Message[] = [
  { template: 'staff-invite', recipient: 'a@example.com', parameters: { token: 'souk_iv_<1>', expiresAt: EXPIRES_AT } },
  {
    template: 'password-reset',
    recipient: 'a@example.com',
    parameters: { name: '<script>x</script>', token: 't', expiresAt: EXPIRES_AT },
  },
  { template: 'password-changed', recipient: 'a@example.com', parameters: { name: '"Ada"', at: EXPIRES_AT } },
  {
    template: 'session-reuse',
    recipient: 'a@example.com',
    parameters: { name: 'Ada', at: EXPIRES_AT, ip: '192.0.2.7', userAgent: '<img src=x>' },
  },
  ...(
    [
      'customer-verification',
      'customer-account-exists',
      'customer-invitation',
      'customer-password-reset',
      'customer-email-change',
    ] as const
  ).map((template) => ({
    template,
    recipient: 'b@example.com',
    parameters: { name: '<script>x</script>', token: 't<1>', expiresAt: EXPIRES_AT },
  })),
  {
    template: 'customer-password-changed',
    recipient: 'b@example.com',
    parameters: { name: '<img src=x>', at: EXPIRES_AT },
  },
  {
    template: 'customer-email-changed',
    recipient: 'b@example.com',
    parameters: { name: '<b>', at: EXPIRES_AT, newEmail: '<img src=x>@example.com' },
  },
  { template: 'customer-session-reuse', recipient: 'b@example.com', parameters: { name: '<b>', at: EXPIRES_AT } },
];

test.each(messages)('$template: nothing a person typed becomes markup, and the text says the same', (message) => {
  const { subject, text, html } = render(message, around);
  expect(subject).toContain('Ada & <b>Sons</b>');
  expect(html).toContain('Ada &amp; &lt;b&gt;Sons&lt;/b&gt;');
  expect(html).not.toMatch(/<script|<img|<b>/);
  expect(html).not.toMatch(/<[^>]*\ssrc=|url\(|<link/); // nothing is fetched when it is opened
  expect(text).toContain('Ada & <b>Sons</b>');
});

const NO_WISHES: CompanyWishes = { orderMailsTo: [], failureMailsTo: [] };
const REAL = { isTest: false, endpointId: null };
/** The same order, paid by hand. */
const byHand = ({ order }: (typeof orderPlaced)['sample']) => ({ order: { ...order, paymentProvider: 'manual' } });
const samplesByHand = new Map([orderPlaced, orderExpired].map(({ type, sample }) => [type, byHand(sample)]));

test('a link keeps its token behind the #, where no server and no referrer sees it', () => {
  const { text, html } = render(messages[0] as Message, around);
  expect(text).toContain('https://admin.example.com/accept-invite#token=souk_iv_%3C1%3E');
  expect(html).toContain('href="https://admin.example.com/accept-invite#token=souk_iv_%3C1%3E"');
});

test('links to customers lead to the shop and not to the admin', () => {
  for (const message of messages.filter(({ template }) => template.startsWith('customer-'))) {
    const { text } = render(message, around);
    expect(text).not.toContain('admin.example.com');
    if ('token' in message.parameters) {
      expect(text).toMatch(/https:\/\/shop\.example\.com\/account\/(?:verify|reset-password)#token=t%3C1%3E/);
    }
  }
});

test('an invite says until when it is good', () => {
  expect(render(messages[0] as Message, around).text).toContain('until 28 November 2026 at 09:00 UTC');
});

test('a company name with a line end starts no new header', () => {
  expect(render(messages[0] as Message, { ...around, companyName: 'A\r\nBcc: eve@example.com' }).subject).not.toMatch(
    /[\r\n]/,
  );
});

test('an event without what its message needs is refused by name of the field, never by value', () => {
  const event = {
    id: 'evt_1',
    type: 'staff.invited',
    aggregateId: 'inv_1',
    sequence: 1,
    createdAt: EXPIRES_AT,
    ...REAL,
  } as const;
  const broken = { ...event, data: { invite: { email: 'ada@example.com' } }, privately: () => ({ token: 7 }) };
  expect(() => messagesFor(broken, NO_WISHES)).toThrow(UnreadableEvent);
  expect(() => messagesFor(broken, NO_WISHES)).toThrow(/token/);
  expect(messagesFor({ ...event, type: 'product.created', data: {}, privately: () => undefined }, NO_WISHES)).toEqual(
    [],
  );
});

test.each([
  staffInvited,
  passwordResetRequested,
  passwordChanged,
  sessionReuseDetected,
  endpointDisabled,
  ...allEvents().filter(({ type }) => type in CUSTOMER_RULES || type in ORDER_RULES),
])('$type: what the event really holds is enough for its message', (definition) => {
  const contents = {
    ...{ token: 'souk_token', expiresAt: EXPIRES_AT },
    ...{ mailsTo: ['shop@example.com'], instructions: null, cancelledLines: [] },
  };
  const event = {
    id: 'evt_1',
    type: definition.type,
    aggregateId: 'x',
    sequence: 1,
    createdAt: EXPIRES_AT,
    ...REAL,
  } as const;
  const told = {
    ...event,
    // Of those the shopper hears only if nobody sent them to a provider's page.
    data: samplesByHand.get(definition.type) ?? definition.sample,
    privately: () => definition.privately?.parse(contents),
  };
  const [message] = messagesFor(told, { ...NO_WISHES, failureMailsTo: ['owner@example.com'] });
  expect(message?.recipient).toMatch(/@example\.(?:com|org|net)$/);
  expect(render(message as Message, around).text).toContain('Ada & <b>Sons</b>');
});

test('a shop hears of an order by hand when it is placed, and of one on a page when it is paid, once each', () => {
  const wishes = { ...NO_WISHES, orderMailsTo: ['shop@example.com'] };
  const received = (definition: typeof orderPlaced | typeof orderPaid, data: object) => {
    const privately = () => ({ mailsTo: wishes.orderMailsTo, instructions: null });
    const event = {
      id: 'evt_1',
      type: definition.type,
      aggregateId: 'x',
      sequence: 1,
      createdAt: EXPIRES_AT,
      ...REAL,
    } as const;
    const told = messagesFor({ ...event, data, privately }, wishes);
    return told.filter(({ template }) => template === 'order-received').map(({ recipient }) => recipient);
  };
  expect(received(orderPlaced, orderPlaced.sample)).toEqual([]);
  expect(received(orderPlaced, byHand(orderPlaced.sample))).toEqual(['shop@example.com']);
  expect(received(orderPaid, orderPaid.sample)).toEqual(['shop@example.com']);
  expect(received(orderPaid, byHand(orderPaid.sample))).toEqual([]);
});

test('pauses grow to an hour, and the last attempt is about two hours after the first', () => {
  const pauses = Array.from({ length: ATTEMPTS_MAX - 1 }, (_, i) => pauseAfter(i + 1, 0.5));
  expect(pauses).toEqual(pauses.toSorted((a, b) => a - b));
  expect(pauses.at(-1)).toBe(3_600);
  const hours = pauses.reduce((sum, pause) => sum + pause, 0) / 3_600;
  expect(Math.round(hours)).toBe(2);
  expect([pauseAfter(1, 0), pauseAfter(1, 1)]).toEqual([5, 15]);
});
