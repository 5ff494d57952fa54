import { expect, test } from 'vitest';
import { newCompany } from '../company/companies/companies.contract.ts';
import { profilePatch } from '../identity/staff/staff.contract.ts';
import { foldKey, nameOf, prose, text } from './text.ts';

const messageOf = (
  schema: { safeParse(value: unknown): ReturnType<ReturnType<typeof text>['safeParse']> },
  value: string,
) => schema.safeParse(value).error?.issues[0]?.message;

test('neither a line nor prose takes characters that turn the reading direction, and the message says which', () => {
  for (const code of [0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069]) {
    for (const schema of [text(50), prose(50)]) {
      expect(messageOf(schema, `pay${String.fromCodePoint(code)}pal`)).toContain('turn the reading direction');
    }
  }
});

test('neither takes line and paragraph separators; prose takes line ends', () => {
  for (const separator of ['\u2028', '\u2029']) {
    for (const schema of [text(50), prose(50)]) expect(messageOf(schema, `a${separator}b`)).toContain('U+2028');
  }
  expect(prose(50).parse('a\r\n\tb')).toBe('a\r\n\tb');
  expect(messageOf(text(50), 'a\nb')).toContain('Control characters');
});

test('text of every script stays what it is, right-to-left marks and joiners among it', () => {
  for (const word of ['متجر', 'חנות', 'می\u200cخواهم', 'a\u200fb', '👩‍👩‍👧', 'Ọ̀yọ́']) {
    expect([text(50).parse(word), prose(50).parse(word)]).toEqual([word, word]);
  }
});

test('names of companies and people hold no web address; other texts may', () => {
  const phishing = 'Your prize: https://evil.example';
  expect(messageOf(nameOf(50), phishing)).toBe('A name cannot hold a web address (://).');
  expect(messageOf(newCompany.shape.name, phishing)).toContain('web address');
  expect(messageOf(profilePatch.shape.name, phishing)).toContain('web address');
  expect(nameOf(50).parse('A/B: the shop')).toBe('A/B: the shop');
  expect(text(50).parse(phishing)).toBe(phishing);
});

test('folding forgets case, accents and spaces, and keeps what makes another word in other scripts', () => {
  expect(foldKey('  Café  CRÈME ')).toBe('cafe creme');
  expect(foldKey('Ｆｕｌｌ　width')).toBe('full width');
  expect(foldKey('Ọ̀yọ́')).toBe('oyo');
  expect(foldKey('कि')).not.toBe(foldKey('का'));
  expect(foldKey('が')).not.toBe(foldKey('か'));
  expect(foldKey(foldKey('Ünïcödé ﬁ'))).toBe(foldKey('Ünïcödé ﬁ'));
});

test('words are compared without case, accents and doubled spaces, plain ones too', () => {
  const folded = {
    'Plain Words-1': 'plain words-1',
    '  Two   spaces ': 'two spaces',
    'a\u00a0b': 'a b',
    'tab\there': 'tab here',
    '': '',
    Crème: 'creme',
    'ＡＢＣ ①': 'abc 1',
    'O\u0323\u0300ya\u0301': 'oya',
  };
  expect(Object.keys(folded).map(foldKey)).toEqual(Object.values(folded));
});
