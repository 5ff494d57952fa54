import { describe, expect, test } from 'vitest';
import { lineSplitter, readableLine } from './log-lines.ts';

describe('readableLine', () => {
  test('turns a structured entry into a sentence with its fields', () => {
    const time = new Date(2026, 0, 2, 13, 4, 5).getTime();
    const entry = { level: 40, time, pid: 7, hostname: 'x', msg: 'slow query', ms: 1200, route: { path: '/v1/carts' } };
    expect(readableLine(JSON.stringify(entry))).toBe('13:04:05 WARN  slow query ms=1200 route={"path":"/v1/carts"}');
  });

  test('puts an error’s stack below', () => {
    const line = readableLine('{"level":50,"msg":"failed","err":{"message":"no","stack":"Error: no\\n    at x"}}');
    expect(line).toBe('ERROR failed\nError: no\n    at x');
  });

  test.each(['plain words', '{"not":"an entry"}', '{"level":30,"msg":"cut o', ''])('leaves %j as it is', (line) => {
    expect(readableLine(line)).toBe(line);
  });
});

test('lineSplitter gives whole lines, whatever the chunks, and the rest at the end', () => {
  const lines: string[] = [];
  const splitter = lineSplitter((line) => lines.push(line));
  const bytes = Buffer.from('one\r\ntwo ✸\nthree');
  for (const byte of bytes) splitter.write(Buffer.from([byte]));
  splitter.flush();
  expect(lines).toEqual(['one', 'two ✸', 'three']);
});
