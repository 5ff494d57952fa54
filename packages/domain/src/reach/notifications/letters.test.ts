import { expect, test } from 'vitest';
import { letterHtml, TooDeep, tagsTakenOut } from './letter-html.ts';
import { letterText } from './letter-text.ts';

test.each([
  ['<p>a</p><script>alert(1)</script>', '<p style="margin:0 0 16px">a</p>'],
  ['<a href="javascript:alert(1)">x</a>', '<a>x</a>'],
  ['<a href="&#106;avascript:alert(1)" onclick="x()">x</a>', '<a>x</a>'],
  ['<form action="https://evil.example"><input name=p><button>Go</button></form>z', 'Goz'],
  ['<img src="http://a.example/x.png"><img src="data:image/png;base64,AA">y', 'y'],
  ['<iframe src="https://a.example"></iframe><style>p{}</style><svg><script>1</script></svg>q', 'q'],
  ['<link rel=stylesheet href="https://a.example"><meta http-equiv=refresh content="0">q', 'q'],
  [
    '<span style="color:red;background:url(https://a.example/x);position:fixed">q</span>',
    '<span style="color:red">q</span>',
  ],
  ['<span class="button evil" id="x" data-x="1">q</span>', '<span class="button">q</span>'],
])('%s: what has no place in a mail is taken out', (given, left) => {
  expect(letterHtml(given)).toBe(left);
});

test('headings, tables, lists, links and pictures by https stay, with their own styles behind ours', () => {
  const clean = letterHtml(
    '<h2 style="color:#b91c1c">Hi</h2><table width="100%" cellpadding="4"><tr><td align="right">1</td></tr></table>' +
      '<a class="button" href="https://a.example/?a=1&amp;b=2">Go</a><img src="https://a.example/x.png" alt="x" width="40">',
  );
  expect(clean).toContain('line-height:1.3;color:#b91c1c"');
  expect(clean).toContain('<td align="right">1</td>');
  expect(clean).toMatch(/<a class="button" href="https:\/\/a\.example\/\?a=1&amp;b=2" style="display:inline-block/);
  expect(clean).toContain('<img src="https://a.example/x.png"');
  expect(letterHtml(clean).replaceAll(/style="[^"]*"/g, '')).toBe(clean.replaceAll(/style="[^"]*"/g, ''));
});

test('elements inside each other without end are refused', () => {
  expect(() => letterHtml('<div>'.repeat(50_000))).toThrow(TooDeep);
  expect(letterHtml('<p>x</p>'.repeat(5_000)).length).toBeGreaterThan(10_000);
});

test('tags that would be taken out are named', () => {
  expect(tagsTakenOut('<!doctype html><html><body><p>x</p><FORM><form></body>')).toEqual([
    '!doctype',
    'html',
    'body',
    'form',
  ]);
  expect(tagsTakenOut('<p>1 < 2</p>')).toEqual([]);
});

test('the text of a mail reads as its HTML does', () => {
  const html = letterHtml(
    '<h1>Thank  you</h1>\n<p>Hello\n Ada,</p><p>One<br>\nTwo &amp; &lt;three&gt;</p><ul><li>a</li><li>b</li></ul>' +
      '<table><tr><td>Goods</td><td>5 NGN</td></tr><tr><td>Total</td><td>5 NGN</td></tr></table>' +
      '<p>See <a href="https://a.example">us</a> or <a href="mailto:x@a.example">x@a.example</a>.</p>' +
      '<p><a class="button" href="https://a.example/?a=1&amp;b">Go</a></p><p class="address">https://a.example/?a=1&amp;b</p>' +
      '<footer>Why</footer>',
  );
  expect(letterText(html)).toBe(
    [
      'Thank you',
      'Hello Ada,',
      'One\nTwo & <three>',
      '- a\n- b',
      'Goods 5 NGN\nTotal 5 NGN',
      'See us (https://a.example) or x@a.example.',
      'Go:\nhttps://a.example/?a=1&b',
      '--\nWhy',
    ].join('\n\n'),
  );
});
