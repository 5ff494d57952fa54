import { expect, test } from 'vitest';
import { patchSettings } from '../../company/settings/settings.service.ts';
import type { Session } from '../../kernel/ctx.ts';
import { dispatchEvents, sweepEvents } from '../../kernel/dispatch.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { events } from '../../kernel/outbox.schema.ts';
import { seal } from '../../kernel/sealing.ts';
import { orderPaid } from '../../sales/orders/orders.events.ts';
import { givenCheckoutShop } from '../../testing/checkout-shop.ts';
import { useDatabase } from '../../testing/database.ts';
import { FakeMailer } from '../../testing/fake-mailer.ts';
import { givenShop, warmUp } from '../../testing/people.ts';
import { endpointDisabled } from '../webhooks/webhook-endpoints.events.ts';
import {
  emptyMailsOf,
  listNotifications,
  RESENDS_PER_DAY,
  resendNotification,
  showNotification,
} from './notification-log.service.ts';
import { saveTemplate } from './notification-templates.service.ts';
import { notificationDetail, notificationsPage, notificationsQuery } from './notifications.contract.ts';
import { sendDue } from './notifications.flow.ts';
import { announce, forgetNotifications } from './notifications.service.ts';

const db = useDatabase();
const PLACE = { adminUrl: 'https://admin.example.com', storefrontUrl: 'https://api.example.com' };

/** A company whose events become mails. */
function mailing(system: Session) {
  const as = <T>(work: Parameters<typeof db.app.run<T>>[1]) => db.app.run(system, work);
  const mailer = new FakeMailer();
  const told = (type: string, data: unknown, more: object = {}) => {
    const row = { id: newId('evt'), type, version: 1, aggregateId: 'x', sequence: 1, data, ...more };
    return as(async (ctx) => {
      await ctx.tx.insert(events).values({ companyId: ctx.companyId, ...row });
      return row.id;
    });
  };
  const dispatch = () =>
    as((ctx) => dispatchEvents(ctx, async (inner, waiting) => void (await announce(inner, waiting)), { max: 100 }));
  const makeDue = () =>
    db.admin`update notifications set due_at = now() where company_id = ${system.companyId} and status = 'pending'`;
  const send = async () => {
    await makeDue();
    return sendDue(db.app.run, mailer, system, PLACE);
  };
  const list = (query: object = {}) => as((ctx) => listNotifications(ctx, notificationsQuery.parse(query)));
  const show = (id: Id<'ntf'>) => as((ctx) => showNotification(ctx, id));
  const resend = (id: Id<'ntf'>) => as((ctx) => resendNotification(ctx, id));
  /** A mail about an order that is paid, sent. */
  const paid = async () => {
    const eventId = await told(orderPaid.type, orderPaid.sample);
    await dispatch();
    await send();
    const { data } = await list({ eventId });
    return data[0] ?? expect.fail('there is no mail');
  };
  return { system, as, mailer, told, dispatch, send, list, show, resend, paid };
}

const given = async () => mailing((await givenShop(db)).system);

test('every try is written down, with its reason; the mail says when it is tried next', async () => {
  const { mailer, told, dispatch, send, list, show } = await given();
  await told(orderPaid.type, orderPaid.sample);
  await dispatch();
  mailer.answer = () => Promise.reject(new Error('connect ECONNREFUSED'));
  await send();
  await send();
  mailer.answer = async () => undefined;
  const [pending] = (await list({ status: 'pending' })).data;
  expect(pending).toMatchObject({ attemptCount: 2, nextAttemptAt: expect.any(String), canResend: false });
  await send();
  const detail = await show(pending?.id ?? expect.fail());
  expect(notificationDetail.parse(detail)).toEqual(detail);
  expect(detail).toMatchObject({
    status: 'sent',
    attemptCount: 3,
    nextAttemptAt: null,
    lastError: null,
    canResend: true,
  });
  const down = 'connect ECONNREFUSED';
  expect(detail.attempts.map(({ number, error, note }) => [number, error, note])).toEqual([
    [1, down, null],
    [2, down, null],
    [3, null, null],
  ]);
});

test('mails are found by what became of them, kind, address and event, newest first, page by page', async () => {
  const shop = await given();
  const first = await shop.paid();
  const second = await shop.paid();
  const page = await shop.list({ limit: '1' });
  expect(notificationsPage.parse(page)).toEqual(page);
  expect(page.data[0]?.id).toBe(second.id);
  expect((await shop.list({ limit: '1', after: page.page.next })).data[0]?.id).toBe(first.id);
  const ids = async (query: object) => (await shop.list(query)).data.map(({ id }) => id);
  expect(await ids({ eventId: first.eventId })).toEqual([first.id]);
  expect(await ids({ recipient: first.recipient.toUpperCase() })).toEqual([second.id, first.id]);
  expect(await ids({ recipient: 'nobody@example.com' })).toEqual([]);
  expect(await ids({ template: 'order-paid', status: 'sent' })).toEqual([second.id, first.id]);
  expect(await ids({ status: 'failed' })).toEqual([]);
});

test('a mail goes out in the words of the company, under the name and with the answers-to of its settings', async () => {
  const shop = await given();
  const settings = { senderName: 'Adire by Ada', replyTo: 'hello@adire.example' };
  await shop.as((ctx) => patchSettings(ctx, 'notification', settings));
  await shop.as((ctx) => patchSettings(ctx, 'storefront', { url: 'https://adire.example' }));
  const words = { subject: 'Ta, {{ order.name }}!', html: '<p>{{ order.number }} of {{ shop.url }}</p>', text: null };
  await shop.as((ctx) => saveTemplate(ctx, 'order-paid', words));
  await shop.paid();
  expect(shop.mailer.sent[0]).toMatchObject({
    fromName: 'Adire by Ada',
    replyTo: 'hello@adire.example',
    subject: 'Ta, Ada!',
  });
  expect(shop.mailer.sent[0]?.text).toContain('of https://adire.example');
  const plain = await given();
  await plain.paid();
  expect(plain.mailer.sent[0]).toMatchObject({ fromName: 'Adire House', replyTo: null });
});

test("words that do not work any more lose no mail: ours go out, and the mail's try says so", async () => {
  const shop = await given();
  await shop.as((ctx) => saveTemplate(ctx, 'order-paid', { subject: 'Own', html: '<p>x</p>', text: null }));
  await db.admin`update notification_templates set html = '{% gone %}' where company_id = ${shop.system.companyId}`;
  const mail = await shop.paid();
  expect(shop.mailer.sent[0]?.subject).toContain('is paid');
  const { status, attempts } = await shop.show(mail.id);
  expect(status).toBe('sent');
  expect(attempts).toMatchObject([
    { error: null, note: expect.stringMatching(/could not be used, so ours were sent\. .*tag "gone" not found/) },
  ]);
});

test('a mail is sent again with the same contents, a new link and the words of now, and stands beside the first', async () => {
  const shop = await givenCheckoutShop(db);
  const mails = mailing(shop.system);
  const product = await shop.product({ title: 'Scarf', prices: { NGN: 2_500 }, variants: [{ onHand: 10 }] });
  await (await shop.fullCart([{ variantId: product.variants[0] ?? expect.fail(), quantity: 1 }])).order();
  await mails.dispatch();
  await mails.send();
  const { data } = await mails.list({ template: 'order-placed' });
  const mail = data[0] ?? expect.fail();
  const again = await mails.resend(mail.id);
  expect(again).toMatchObject({
    originalId: mail.id,
    eventId: mail.eventId,
    recipient: mail.recipient,
    status: 'pending',
  });
  await mails.send();
  const [first, second] = mails.mailer.sent.filter(({ subject }) => subject === mails.mailer.sent.at(-1)?.subject);
  const linkIn = (text = '') => /\/account\/order#token=(\S+)/.exec(text)?.[1];
  expect(linkIn(first?.text)).toBeDefined();
  expect(linkIn(second?.text)).toBeDefined();
  expect(linkIn(second?.text)).not.toBe(linkIn(first?.text));
  expect(second?.text.replace(/#token=\S+/g, '')).toBe(first?.text.replace(/#token=\S+/g, ''));
  expect(second?.messageId).not.toBe(first?.messageId);
  // Of a repeat as of the first: all of them point at the first.
  expect(await mails.resend(again.id)).toMatchObject({ originalId: mail.id });
  const kept = await db.admin`select parameters from notifications where company_id = ${shop.companyId}`;
  expect(JSON.stringify(kept)).not.toContain(linkIn(first?.text));
});

test('of those who ask at once one mail comes, and a few a day at most', async () => {
  const shop = await given();
  const mail = await shop.paid();
  await warmUp(db);
  const asked = await Promise.allSettled(Array.from({ length: 5 }, () => shop.resend(mail.id)));
  const refusals = asked.filter((result) => result.status === 'rejected').map(({ reason }) => reason);
  expect(refusals).toHaveLength(4);
  for (const refusal of refusals) expect(refusal).toMatchObject({ status: 409, code: 'notification_pending' });
  await shop.send();
  for (let i = 1; i < RESENDS_PER_DAY; i++) {
    await shop.resend(mail.id);
    await shop.send();
  }
  const over = await shop.resend(mail.id).catch((error: unknown) => error);
  expect(over).toMatchObject({ status: 429, code: 'resend_limit_reached' });
  expect((over as { retryAfterSeconds: number }).retryAfterSeconds).toBeGreaterThan(86_000);
  expect(shop.mailer.sent).toHaveLength(1 + RESENDS_PER_DAY);
  await db.admin`update notifications set created_at = now() - interval '25 hours' where company_id = ${shop.system.companyId}`;
  expect(await shop.resend(mail.id)).toMatchObject({ status: 'pending' });
});

test('a mail that was given up can be sent once the server is well again; one whose link is good once cannot', async () => {
  const shop = await given();
  await shop.told(orderPaid.type, orderPaid.sample);
  await shop.dispatch();
  shop.mailer.answer = () => Promise.reject(new Error('down'));
  for (let i = 0; i < 8; i++) await shop.send();
  shop.mailer.answer = async () => undefined;
  const [failed] = (await shop.list({ status: 'failed' })).data;
  expect(failed).toMatchObject({ canResend: true, lastError: 'down' });
  await shop.resend(failed?.id ?? expect.fail());
  expect(await shop.send()).toMatchObject({ sent: 1 });

  const secret = { token: 'canary', expiresAt: '2999-01-01T00:00:00.000Z' };
  const id = newId('evt');
  const privately = seal(JSON.stringify(secret), `${shop.system.companyId}|events|${id}`);
  await shop.told('staff.invited', { invite: { email: 'new@example.com' } }, { id, privately });
  await shop.dispatch();
  await shop.send();
  const [invite] = (await shop.list({ template: 'staff-invite' })).data;
  expect(invite).toMatchObject({ status: 'sent', canResend: false });
  const refusal = await shop.resend(invite?.id ?? expect.fail()).catch((error: unknown) => error);
  expect(refusal).toMatchObject({ status: 409, code: 'link_good_once' });
  expect(String(refusal)).toContain('POST /v1/invites');
});

test('what mails to somebody who is erased said is forgotten, and none of them is sent again', async () => {
  const shop = await given();
  const [mail, other] = [await shop.paid(), await given()];
  const theirs = await other.paid();
  await shop.as((ctx) => emptyMailsOf(ctx, newId('cus'), null));
  expect(await shop.show(mail.id)).toMatchObject({ canResend: true });
  await shop.as((ctx) => emptyMailsOf(ctx, newId('cus'), mail.recipient));
  expect(await shop.show(mail.id)).toMatchObject({ canResend: false });
  await expect(shop.resend(mail.id)).rejects.toMatchObject({ status: 409, code: 'notification_not_kept' });
  expect(await other.show(theirs.id)).toMatchObject({ canResend: true });
});

test('a mail on its way to somebody who is erased goes out, and nothing of it is kept then', async () => {
  const shop = await given();
  await shop.told(orderPaid.type, orderPaid.sample);
  await shop.dispatch();
  const [waiting] = (await shop.list({ status: 'pending' })).data;
  const mail = waiting ?? expect.fail();
  await shop.as((ctx) => emptyMailsOf(ctx, newId('cus'), mail.recipient));
  expect(await shop.send()).toMatchObject({ sent: 1 });
  expect(await shop.show(mail.id)).toMatchObject({ status: 'sent', canResend: false });
});

test("what the shop's own people were told of the orders of somebody who is erased is forgotten, proved address or not", async () => {
  const shop = await givenCheckoutShop(db);
  const mails = mailing(shop.system);
  await shop.set('notification', { orderMailsTo: ['shop@example.com'] });
  const product = await shop.product({ title: 'Scarf', prices: { NGN: 2_500 }, variants: [{ onHand: 10 }] });
  const order = async () => {
    const line = { variantId: product.variants[0] ?? expect.fail(), quantity: 1 };
    const { order } = await (await shop.fullCart([line])).order();
    return order.id;
  };
  const [theirs, others] = [await order(), await order()];
  await mails.dispatch();
  await mails.send();
  const customerId = newId('cus');
  await db.admin`insert into customers (company_id, id, email, email_key, password_hash)
    values (${shop.companyId}, ${customerId}, 'x@example.com', 'x@example.com', '')`;
  await db.admin`update orders set customer_id = ${customerId} where id = ${theirs}`;
  const resendable = async () => {
    const { data } = await mails.list({ template: 'order-received' });
    const about = await db.admin`select id, aggregate_id from events where company_id = ${shop.companyId}`;
    return data
      .filter(({ canResend }) => canResend)
      .map(({ eventId }) => about.find(({ id }) => id === eventId)?.['aggregate_id']);
  };
  expect((await resendable()).toSorted()).toEqual([theirs, others].toSorted());
  await mails.as((ctx) => emptyMailsOf(ctx, customerId, null));
  expect(await resendable()).toEqual([others]);
});

test("another company's mails are not there", async () => {
  const [mine, theirs] = [await given(), await given()];
  const { id } = await theirs.paid();
  expect((await mine.list()).data).toEqual([]);
  await expect(mine.show(id)).rejects.toMatchObject({ status: 404 });
  await expect(mine.resend(id)).rejects.toMatchObject({ status: 404 });
  expect((await theirs.list()).data).toHaveLength(1);
});

test('mails go after thirty days with their tries and their repeats', async () => {
  const shop = await given();
  const mail = await shop.paid();
  await shop.resend(mail.id);
  await shop.send();
  const later = new Date(Date.now() + 31 * 86_400_000);
  expect(await shop.as((ctx) => sweepEvents({ ...ctx, now: later }, 100, forgetNotifications))).toBeGreaterThan(0);
  const left = await db.admin`select 1 from notification_attempts where company_id = ${shop.system.companyId}
    union all select 1 from notifications where company_id = ${shop.system.companyId}`;
  expect(left).toEqual([]);
});

test('that an endpoint was switched off is told to those of the settings, else to the owners, and never of one by hand', async () => {
  const people = await givenShop(db);
  const shop = mailing(people.system);
  const owner = await people.hire('owner');
  await people.hire('support');
  await shop.told(endpointDisabled.type, endpointDisabled.sample);
  await shop.told(endpointDisabled.type, { ...endpointDisabled.sample, reason: 'by_hand' });
  await shop.dispatch();
  await shop.send();
  expect(shop.mailer.sent.map(({ to }) => to)).toEqual([owner.email]);
  for (const word of [
    'https://erp.example.com/souk',
    'since 21 November 2026 at 09:00 UTC',
    'The server answered 500.',
    'PATCH /v1/webhook-endpoints/wep_01h455vb4pex5vsknk084sn02q',
    'POST /v1/webhook-redeliveries',
  ])
    expect(shop.mailer.sent[0]?.text).toContain(word);
  await shop.as((ctx) => patchSettings(ctx, 'webhooks', { failureMailsTo: ['ops@example.com', 'it@example.com'] }));
  await shop.told(endpointDisabled.type, { ...endpointDisabled.sample, reason: 'gone' });
  await shop.dispatch();
  await shop.send();
  expect(
    shop.mailer.sent
      .slice(1)
      .map(({ to }) => to)
      .toSorted(),
  ).toEqual(['it@example.com', 'ops@example.com']);
  expect(shop.mailer.sent.at(-1)?.text).toContain('answered 410');
});

test('of a made-up event nobody is written to', async () => {
  const shop = await given();
  const id = await shop.told(orderPaid.type, orderPaid.sample, { isTest: true });
  expect(await shop.dispatch()).toContain(id);
  expect((await shop.list()).data).toEqual([]);
});
