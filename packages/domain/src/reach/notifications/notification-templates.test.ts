import { expect, test } from 'vitest';
import type { Session } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { givenCheckoutShop } from '../../testing/checkout-shop.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenShop } from '../../testing/people.ts';
import { MAIL_KINDS } from './email-templates.ts';
import { newWording, templatesList, templateView } from './notification-templates.contract.ts';
import { listTemplates, resetTemplate, saveTemplate, showTemplate } from './notification-templates.service.ts';
import { previewTemplate } from './template-preview.flow.ts';

const db = useDatabase();
const WORDS = newWording.parse({ subject: 'Thanks for {{ order.number }}', html: '<p>{{ order.total }}</p>' });

async function given() {
  const shop = await givenShop(db);
  const session = await shop.as(await shop.hire('owner'));
  const as = <T>(work: Parameters<typeof db.app.run<T>>[1]) => db.app.run(session, work);
  const save = (html: string, more: object = {}, name = 'order-paid', version?: number) =>
    as((ctx) => saveTemplate(ctx, name, { ...WORDS, html, ...more }, version));
  const preview = (name: string, trial: object) => previewTemplate(db.app.run, session, name, trial);
  const show = (name = 'order-paid') => as((ctx) => showTemplate(ctx, name));
  /** Where and what the faults are that words are refused for. */
  const faultsOf = async (html: string, more: object = {}) => {
    const refusal = await save(html, more).catch((error: unknown) => error);
    const { faults } = refusal as { faults: { pointer: string; code: string; message: string }[] };
    return faults.map(({ pointer, code, message }) => `${pointer} ${code} ${message}`).join('\n');
  };
  return { shop, as, save, show, preview, faultsOf };
}

test('every kind of mail can be read with what it says and what it may say', async () => {
  const { as, show } = await given();
  const list = await as(listTemplates);
  expect(templatesList.parse(list)).toEqual(list);
  expect(list.data.map(({ name }) => name)).toEqual(MAIL_KINDS.map(({ name }) => name));
  const view = await show();
  expect(templateView.parse(view)).toEqual(view);
  expect(view).toMatchObject({ isOverridden: false, version: 0, text: null, events: ['order.paid'], canResend: true });
  expect(view.default).toEqual({ subject: view.subject, html: view.html });
  expect(view.variables).toContainEqual(expect.objectContaining({ name: 'order.lines[].title', type: 'text' }));
  await expect(show('order-eaten')).rejects.toMatchObject({ status: 404 });
});

test('a company says it in its own words, and takes them back; both are noted', async () => {
  const { shop, as, save, show } = await given();
  expect(await save('<p>Own {{ order.number }}</p>')).toMatchObject({ isOverridden: true, version: 1 });
  expect(await save('<p>Own, again</p>', { text: 'Plain' })).toMatchObject({ version: 2, text: 'Plain' });
  expect(await show()).toMatchObject({ html: '<p>Own, again</p>', version: 2 });
  expect((await as(listTemplates)).data.filter(({ isOverridden }) => isOverridden)).toHaveLength(1);
  await as((ctx) => resetTemplate(ctx, 'order-paid'));
  await as((ctx) => resetTemplate(ctx, 'order-paid'));
  expect(await show()).toMatchObject({ isOverridden: false, version: 0 });
  const updated = 'notification_template.updated';
  expect(await shop.auditOf('order-paid')).toEqual([updated, updated, 'notification_template.reset']);
});

test('of two who write at once with the version they read, one is told to read again', async () => {
  const { as, save } = await given();
  const results = await Promise.allSettled([
    save('<p>1</p>', {}, 'order-paid', 0),
    save('<p>2</p>', {}, 'order-paid', 0),
  ]);
  expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  const stale = results.find(({ status }) => status === 'rejected') as PromiseRejectedResult;
  expect(stale.reason).toMatchObject({ status: 412 });
  await expect(as((ctx) => resetTemplate(ctx, 'order-paid', 7))).rejects.toMatchObject({ status: 412 });
  // Without a version both are kept, one after the other.
  await Promise.all([save('<p>3</p>'), save('<p>4</p>'), save('<p>5</p>')]);
  expect(await save('<p>6</p>')).toMatchObject({ version: 5 });
});

test('another company sees, changes and sends nothing of it', async () => {
  const [mine, theirs] = [await given(), await given()];
  await theirs.save('<p>Theirs</p>');
  expect(await mine.show()).toMatchObject({ isOverridden: false });
  await mine.as((ctx) => resetTemplate(ctx, 'order-paid'));
  await mine.save('<p>Mine</p>');
  expect(await theirs.show()).toMatchObject({ html: '<p>Theirs</p>', version: 1 });
  expect((await mine.preview('order-paid', {})).text).toContain('Mine');
});

test('a fault is named by its field, its place and the way out', async () => {
  const { faultsOf, show } = await given();
  expect(await faultsOf('<p>\n{{ order.numbr }}</p>')).toMatch(
    /^\/html unknown_variable Line 2, column 4: order-paid has no order\.numbr\. It has shop\.name, .*order\.number, /,
  );
  expect(await faultsOf('{% if false %}{{ nothing }}{% endif %}')).toContain('order-paid has no nothing');
  expect(await faultsOf('{% for l in order.lines %}{{ l.titel }}{% endfor %}')).toContain(
    'undefined variable: l.titel',
  );
  expect(await faultsOf('ok', { subject: '{{ link }' })).toMatch(/^\/subject template_broken .*not closed/);
  expect(await faultsOf('ok', { text: "{% include 'x' %}" })).toMatch(/^\/text template_broken .*"include" not found/);
  expect(await faultsOf('{{ order.total | raw }}')).toContain('undefined filter: raw');
  expect(await faultsOf('a<script>1</script><form>')).toMatch(
    /tag_not_allowed <script> has no place.*\n\/html tag_not_allowed <form>/,
  );
  expect(await faultsOf('<html><body>a</body></html>')).toContain('only what stands inside the body');
  expect(await faultsOf(`{% for i in (1..300) %}${'x'.repeat(1_000)}{% endfor %}`)).toContain('It becomes');
  expect(await faultsOf(' {% comment %}x{% endcomment %} ')).toBe('/html empty Nothing is left of its HTML.');
  expect(await faultsOf('<img src="https://evil.example/?{{ link }}">')).toMatch(
    /^\/html link_not_alone link stands inside/,
  );
  expect(await faultsOf('<div>'.repeat(300))).toContain('/html too_deep');
  expect(await show()).toMatchObject({ version: 0 });
});

test('work without end is refused where it is written, also in a branch that the sample does not take', async () => {
  const { faultsOf, preview, show } = await given();
  const bomb = `{{ "${'&'.repeat(2_000)}" ${'| newline_to_br '.repeat(500)}}}`;
  for (const html of [bomb, `{% if order.number == 'x' %}${bomb}{% endif %}`]) {
    expect(await faultsOf(html)).toContain('/html template_broken The template cannot be used. ');
    await expect(preview('order-paid', { html })).rejects.toMatchObject({ faults: [{ code: 'template_broken' }] });
  }
  expect(await show()).toMatchObject({ version: 0 });
});

test('a preview shows words before they are saved, made-up or of an order, and saves nothing', async () => {
  const shop = await givenCheckoutShop(db);
  await shop.set('storefront', { url: 'https://adire.example' });
  const product = await shop.product({ title: 'Scarf <b>', prices: { NGN: 2_500 }, variants: [{ onHand: 10 }] });
  const [variantId] = product.variants;
  const { order } = await (await shop.fullCart([{ variantId: variantId as Id<'var'>, quantity: 2 }])).order();
  const orderId = order.id as Id<'ord'>;
  const seller = { ...shop.system, permissions: new Set(['orders.read']) };
  const preview = (name: string, trial: Parameters<typeof previewTemplate>[3]) =>
    previewTemplate(db.app.run, seller, name, trial);

  const made = await preview('order-paid', { html: '<p>{{ order.number }}: {{ link }}</p>' });
  expect(made.text).toContain('SK-1001: https://adire.example/account/order#token=sample');
  for (const { name } of MAIL_KINDS) expect((await preview(name, {})).html).toContain('<!doctype html>');
  for (const { name } of MAIL_KINDS.filter(({ sample }) => 'order' in sample)) {
    const real = await preview(name, { orderId });
    expect(real.text).toContain(order.number);
    expect(real.text).not.toContain('SK-1001');
  }
  expect((await preview('order-placed', { orderId })).html).toContain('2 × Scarf &lt;b&gt;');
  await expect(preview('password-changed', { orderId })).rejects.toMatchObject({ faults: [{ pointer: '/orderId' }] });
  await expect(preview('order-paid', { subject: '{{ nope }}' })).rejects.toMatchObject({
    faults: [{ pointer: '/subject' }],
  });
  await expect(preview('nope', {})).rejects.toMatchObject({ status: 404 });
  expect(await db.admin`select 1 from notification_templates where company_id = ${shop.companyId}`).toEqual([]);

  const stranger = await givenShop(db);
  const ask = (session: Session) => previewTemplate(db.app.run, session, 'order-paid', { orderId });
  await expect(ask({ ...stranger.system, permissions: seller.permissions })).rejects.toMatchObject({ status: 404 });
  await expect(ask(shop.system)).rejects.toMatchObject({ status: 403 });
});
