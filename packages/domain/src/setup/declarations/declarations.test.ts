import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { allPermissions, allScopes } from '../../kernel/access.ts';
import { allEvents } from '../../kernel/events.ts';
import { eventTypeOf } from '../../reach/event-log/event-types.ts';
import './declarations.ts';

const SOURCE = path.resolve(import.meta.dirname, '../..');

test('every module that declares words is loaded', () => {
  const declaring = filesOf(SOURCE)
    .filter((file) => /\.(access|events)\.ts$/.test(file))
    .sort();
  const text = readFileSync(path.join(import.meta.dirname, 'declarations.ts'), 'utf8');
  const loaded = [...text.matchAll(/^import '\.\.\/\.\.\/(.+)';$/gm)].map(([, file]) => file).sort();
  expect(loaded).toEqual(declaring);
});

test('every permission and scope has a sentence for the role editor', () => {
  for (const { name, sentence } of [...allPermissions(), ...allScopes()]) {
    expect(name).toMatch(/^[a-z_-]+\.[a-z_]+$/);
    expect(sentence.length, name).toBeGreaterThan(5);
  }
});

test.each(allEvents().map((event) => [event.type, event] as const))('the sample of %s still parses', (_type, event) => {
  expect(event.data.safeParse(event.sample).error).toBeUndefined();
});

test.each(allEvents().map((event) => [event.type, event] as const))(
  '%s tells when it is announced, and of one thing',
  (type, event) => {
    expect(event.about).toMatch(/^[A-Z].{10,}[.]$/s);
    const { sample, schema } = eventTypeOf(event);
    // The first field is the resource: sequences are counted for it. Nothing of it is left without a schema.
    expect([type, typeof Object.values(sample)[0]]).toEqual([type, 'object']);
    expect(schema).toMatchObject({ type: 'object', required: expect.arrayContaining(Object.keys(sample)) });
    expect(JSON.stringify(schema)).not.toMatch(/:\{\}/);
  },
);

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' });
}
