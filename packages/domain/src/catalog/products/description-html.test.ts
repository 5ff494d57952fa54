import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InvalidInput } from '../../kernel/errors.ts';
import { cleanHtml, textOf } from './description-html.ts';

test('scripts, handlers, styles, frames, forms and odd addresses go; what they hold goes with scripts and styles', () => {
  for (const [given, left] of [
    ['<p onclick="x()" style="color:red" class="a">Hi</p>', '<p>Hi</p>'],
    ['a<script>alert(1)</script>b', 'ab'],
    ['<style>p{}</style><p>x</p>', '<p>x</p>'],
    ['<a href="javascript:alert(1)">x</a>', '<a rel="noopener noreferrer nofollow">x</a>'],
    ['<a href="&#106;avascript:alert(1)">x</a>', '<a rel="noopener noreferrer nofollow">x</a>'],
    ['<img src="data:image/png;base64,AA" onerror="x()">y', 'y'],
    ['<img src="//evil.example/x.png">y', 'y'],
    ['<iframe src="https://a.example"></iframe><form><input></form>z', 'z'],
    ['<svg><script>1</script></svg>q', 'q'],
    ['<math><mi//xlink:href="data:x,<script>alert(4)</script>">', ''],
  ] as const)
    expect(cleanHtml(given)).toBe(left);
});

test('formatting, lists, tables, links and pictures of the web stay', () => {
  const fine =
    '<h2>Size</h2><ul><li><strong>S</strong> &amp; <em>M</em></li></ul><table><tbody><tr><td colspan="2">1</td></tr></tbody></table><img src="https://a.example/x.png" alt="x" />';
  expect(cleanHtml(fine)).toBe(fine);
  expect(cleanHtml('<a href="https://a.example">x</a>')).toContain('href="https://a.example"');
});

test('a plain sentence stays as it is, without what cannot be seen or stored', () => {
  expect(cleanHtml("  Tom's cup.\n\nLarge. ")).toBe("Tom's cup.\n\nLarge.");
  expect(cleanHtml('a\u0000b\u202ec\u2028d\ud800')).toBe('abc\nd');
});

test('paragraphs left inside each other by what was taken out come to rest in one go', () => {
  const once = cleanHtml('<p><svg><p>');
  expect(cleanHtml(once)).toBe(once);
});

test('cleaning what is clean changes nothing', () => {
  const html = fc.stringMatching(/^(<\/?(p|a href="x"|script|img src=x|b|svg)>|[a-z&;"'<> ]){0,40}$/);
  fc.assert(
    fc.property(fc.oneof(html, fc.string({ unit: 'grapheme' })), (given) => {
      const once = cleanHtml(given);
      expect(cleanHtml(once)).toBe(once);
      expect(once).not.toMatch(/<script|<svg|javascript:/i);
    }),
    { numRuns: 5_000 },
  );
});

const codeOf = (html: string) => {
  try {
    return cleanHtml(html, '/here').length > 0 ? 'clean' : 'empty';
  } catch (error) {
    return error instanceof InvalidInput ? error.faults.map(({ pointer, code }) => `${pointer} ${code}`).join() : error;
  }
};

test('elements inside each other without end are refused at their field, however their ends are hidden', () => {
  for (const opened of ['<b>', '<svg>', '<b><!--</b>-->', '<b title="</b>">', '<b></u>'])
    expect(codeOf(opened.repeat(10_000))).toBe('/here too_deep');
});

test('many elements beside each other are fine, also where their ends are left out', () => {
  for (const one of ['<b>x</b>', '<p>x', 'x<br>', 'x<img src="https://a.example/x.png">', '</p>', '<b>x</b></i>'])
    expect(codeOf(one.repeat(1_000))).toBe('clean');
  expect(codeOf(`<ul>${'<li>x'.repeat(1_000)}</ul>`)).toBe('clean');
  expect(codeOf(`<table>${'<tr><td>x<td>y'.repeat(500)}</table>`)).toBe('clean');
});

test('the words of a description stand apart without its markup', () => {
  const html = cleanHtml('<p title="a>b">Soft</p><p>and&nbsp;light &amp; <b>warm</b> 1 < 2</p><script>no()</script>');
  expect(textOf(html)).toBe('Soft and light & warm 1 < 2');
});
