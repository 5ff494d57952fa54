import { expect, test } from 'vitest';
import { fillIn, namesIn, SOURCE_LENGTH_MAX } from './liquid-engine.ts';
import { FILTERS_MAX, OUTPUT_LENGTH_MAX } from './liquid-limits.ts';
import { allowanceFor, type Purpose } from './template-allowance.ts';
import { TemplateFault } from './template-fault.ts';

const filled = (source: string, variables: object = {}, purpose: Purpose = 'trial') =>
  fillIn('html', source, variables, allowanceFor(purpose));

/** What is said of a template that cannot be used. */
function faultOf(source: string, variables: object = {}, purpose: Purpose = 'trial'): string {
  try {
    filled(source, variables, purpose);
  } catch (error) {
    if (error instanceof TemplateFault) return error.message;
    throw error;
  }
  return 'fine';
}

test('what a variable holds becomes text in HTML, whatever filters it goes through, and never a template', () => {
  const name = `<script>"'&{{ 'x' | upcase }}{% if %}`;
  const escaped = '&lt;script&gt;&quot;&#39;&amp;{{ &#39;x&#39; | upcase }}{% if %}';
  expect(filled('{{ name }}', { name })).toBe(escaped);
  expect(filled('{{ names }}', { names: [name] })).toBe(escaped);
  expect(filled('{{ name | escape }}', { name })).toBe(escaped);
  expect(filled('{{ lines | newline_to_br }}', { lines: '<b>\n1' })).toBe('&lt;b&gt;<br>\n1');
  expect(filled("{{ name | split: '' | join: '' | strip | append: '<i>' }}", { name })).toBe(`${escaped}&lt;i&gt;`);
  expect(fillIn('plain', '{{ name }}', { name }, allowanceFor('trial'))).toBe(name);
});

test('tags and filters that read files, write unescaped or evaluate text are not there, and it is said where', () => {
  for (const tag of ["include 'x'", "render 'x'", "layout 'x'", "echo 'x'", "cycle 'a', 'b'", 'liquid', 'increment x'])
    expect(faultOf(`a\n {% ${tag} %}`)).toMatch(/^Line 2, column 2: tag "\w+" not found\.$/);
  for (const filter of [
    'raw',
    'json',
    'inspect',
    'strip_html',
    "where_exp: 'a', 'b'",
    "find_exp: 'a', 'b'",
    'base64_encode',
  ])
    expect(faultOf(`{{ "a" | ${filter} }}`)).toMatch(/^Line 1, column 1: undefined filter: \w+\.$/);
});

test('nothing of JavaScript is reached through a variable', () => {
  for (const path of ['constructor', 'a.constructor', 'a.__proto__', 'a.toString', 't.constructor', 'l.constructor'])
    expect(faultOf(`{{ ${path} }}`, { a: {}, t: 'x', l: [1] })).toContain('undefined variable');
  expect(filled('{{ a.constructor }}{{ __proto__ }}{{ hasOwnProperty }}', { a: {} }, 'sending')).toBe('');
});

test('a variable that is not there is named in a trial, and empty when it is sent', () => {
  expect(faultOf('\n{{ order.numbr }}', { order: {} })).toBe('Line 2, column 4: undefined variable: order.numbr.');
  expect(faultOf('{% for line in lines %}{{ line.titel }}{% endfor %}', { lines: [{ title: 'x' }] })).toContain(
    'titel',
  );
  expect(filled('[{{ order.numbr }}]', { order: {} }, 'sending')).toBe('[]');
});

const NINE = "{% assign l = '1,2,3,4,5,6,7,8,9' | split: ',' %}";
const nested = (tag: string, depth: number) => `{% ${tag} %}`.repeat(depth);
const endless = `${NINE}${nested('for a in l', 9)}${nested('endfor', 9)}`;

test.each([
  ['loops without end', endless, 'It takes longer than'],
  ['a loop over too much', '{% for i in (1..1000000000) %}x{% endfor %}', 'more than a mail can hold'],
  ['a range that runs backwards first', '{{ (9999999999..1) }}{% for i in (1..999999999) %}{% endfor %}', 'more than'],
  [
    'text that doubles',
    "{% assign a = 'xxxxxxxx' %}{% for i in (1..99) %}{% assign a = a | append: a %}{% endfor %}",
    'more than',
  ],
  ['a width of a date', "{{ 'now' | date: '%9999999d' }}", 'more than a mail can hold'],
  ['a megabyte', `{% for i in (1..1000) %}${'x'.repeat(1_000)}{% endfor %}`, 'It becomes 1000000 characters'],
  ['gigabytes', `{% for i in (1..100000) %}${'x'.repeat(60_000)}{% endfor %}`, 'It becomes more than'],
  ['a source that is too long', 'x'.repeat(SOURCE_LENGTH_MAX + 1), `It is longer than ${SOURCE_LENGTH_MAX}`],
  ['tags inside each other', nested('if x', 5_000), ''],
  ['a tag that is not closed', '\n{% if x %}', 'Line 2, column 1: tag {% if x %} not closed'],
  ['an output that is not closed', '{{ x', 'not closed'],
])('%s: refused with the reason, and the process lives', (_what, source, reason) => {
  const fault = faultOf(source, { x: 1 });
  expect(fault).toContain(reason);
  expect(fault).not.toBe('fine');
  expect(fault.length).toBeLessThan(200);
});

test('sources made to be slow are read or refused, within the limits of the others', () => {
  const slow = ['{{', '{%', '{{ "', '{% raw %}', '{% comment %}', ' {%- ', '{{ a'].map((part) =>
    part.repeat(Math.floor(SOURCE_LENGTH_MAX / part.length)),
  );
  const long = [
    `{{ a${'.a'.repeat(32_000)} }}`,
    `{{ ${'a or '.repeat(12_000)} a }}`,
    `{{ ' ' | strip }}${' '.repeat(60_000)}x`,
  ];
  for (const source of [...slow, ...long]) faultOf(source, { a: 1 }, 'sending');
  const spaces =
    "{% assign a = ' ' %}{% for i in (1..16) %}{% assign a = a | append: a %}{% endfor %}{{ a | append: 'x' | rstrip }}";
  expect(filled(spaces)).toHaveLength(65_537);
});

const LINE = '&'.repeat(1_000);
const pipes = (filter: string, times: number) => `| ${filter} `.repeat(times);
const BIG = "{% assign a = 'xxxxxxxx' %}{% for i in (1..14) %}{% assign a = a | append: a %}{% endfor %}";

test.each([
  ['filters without end behind one value', `{{ "${LINE}" ${pipes('newline_to_br', 500)}}}`, 'filters stand behind'],
  ['the same in a branch not taken', `{% if x == 2 %}{{ "${LINE}" ${pipes('url_encode', 500)}}}{% endif %}`, 'filters'],
  ['the same in an assignment', `{% assign a = "${LINE}" ${pipes('url_encode', 500)} %}`, 'filters stand behind'],
  ['the same in a condition', `{% if "${LINE}" ${pipes('url_encode', 500)} %}{% endif %}`, 'filters stand behind'],
  ['text that grows by fours', `{{ "${LINE.repeat(20)}" ${pipes('newline_to_br', 19)}}}`, 'It becomes more than'],
  ['text that grows by twos', `{{ "${LINE.repeat(20)}" ${pipes('url_encode', 19)}}}`, 'It becomes more than'],
  ['text in place of each sign', `${BIG}{{ a | replace: 'x', a }}`, 'It becomes more than'],
  [
    'text between the entries of a list',
    `${BIG}{{ '1,2,3,4,5,6,7,8' | split: ',' | join: a }}`,
    'It becomes more than',
  ],
  [
    'text kept aside without end',
    `{% capture a %}{% for i in (1..9999) %}${LINE}{% endfor %}{% endcapture %}`,
    'more than',
  ],
  ['names without end', `{{ a${' or a'.repeat(12_000)} }}`, 'At most 2000 may'],
  ['a list of too much', "{{ a | split: '' | map: 'size' }}", 'At most 2000'],
  ['comparisons of ranges', `{% assign r = (1..400000) %}{{ r == r${' or r == r'.repeat(400)} }}`, 'a list of 400000'],
  [
    'cases of ranges',
    `{% assign r = (1..400000) %}{% case r %}{% when r${', r'.repeat(50)} %}{% endcase %}`,
    'a list of',
  ],
  ['a case without end', `{% case x %}{% when 2${', 2'.repeat(200)} %}{% endcase %}`, 'At most 100 may stand'],
  ['a format of a date without end', `{{ 'now' | date: '${'%A'.repeat(90)}' }}`, 'longer than 100 characters'],
  ['a property without end', `{{ l | map: 'a${'.a'.repeat(90)}' }}`, 'longer than 60 characters'],
])('%s: refused at once, whatever it is for', (_what, source, reason) => {
  const variables = { x: 1, l: [{ a: 1 }], a: 'y'.repeat(3_000) };
  for (const purpose of ['trial', 'sending', 'ours'] as const)
    expect(faultOf(source, variables, purpose)).toContain(reason);
});

test('a filter asks whether time is up, and one mail has one time for all its parts', () => {
  const asked: string[] = [];
  const counting = (limit: number) => ({
    isStrict: false,
    check: () => {
      if (asked.push('') > limit) throw new TemplateFault('It takes longer.');
    },
  });
  const source = `{{ 'a' ${pipes('upcase', FILTERS_MAX)}}}`;
  fillIn('html', source, {}, counting(1_000));
  expect(asked.length).toBeGreaterThan(FILTERS_MAX);
  const allowance = counting(asked.length + FILTERS_MAX);
  expect(() => fillIn('html', source, {}, allowance)).toThrow('It takes longer.');
  expect(() => fillIn('plain', 'nothing', {}, allowance)).toThrow('It takes longer.');
});

test('our own words know no limit of time, and what is sent has longer than what is tried', () => {
  const work = `${NINE}${nested('for a in l', 6)}${nested('endfor', 6)}`;
  expect(filled(work, {}, 'ours')).toBe('');
  expect(filled('{% for i in (1..200) %}x{% endfor %}', {}, 'sending')).toHaveLength(200);
  expect(OUTPUT_LENGTH_MAX).toBeGreaterThan(200_000);
});

test('times read like those of our own mails, or as the template wants them, in UTC', () => {
  const at = '2026-11-28T09:00:00.000Z';
  expect(filled('{{ at | readable }}', { at })).toBe('28 November 2026 at 09:00 UTC');
  expect(filled("{{ at | date: '%d/%m/%Y %H:%M' }}", { at })).toBe('28/11/2026 09:00');
  expect(filled('{{ at | readable }}', { at: 'never' })).toBe('never');
});

test('the names a template takes are found in every branch, with their place; its own are not', () => {
  const source =
    "{% assign own = shop.name %}{{ own }}\n{% if x %}{{ a['b'].c }}{% else %}{{ d[e].f }}{% endif %}{% for l in lines %}{{ l.x }}{{ forloop.index }}{% endfor %}";
  const names = namesIn('html', source).map(({ path, line }) => `${path.join('.')} ${line}`);
  expect(names.toSorted()).toEqual(['a.b.c 2', 'd 2', 'e 2', 'lines 2', 'shop.name 1', 'x 2']);
});
