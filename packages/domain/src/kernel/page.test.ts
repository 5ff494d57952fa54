import fc from 'fast-check';
import { expect, test } from 'vitest';
import { useDatabase } from '../testing/database.ts';
import { auditEntries } from './audit-log.schema.ts';
import { systemSession } from './ctx.ts';
import { InvalidInput } from './errors.ts';
import { newId } from './ids.ts';
import { keyset, listQuery, pageFrom } from './page.ts';
import { mine } from './tables.ts';

const db = useDatabase();
const order = { columns: [auditEntries.action, auditEntries.id], direction: 'desc' as const };

test('walking the pages shows every row once, in order, though many share the first key', async () => {
  const session = systemSession(newId('com'), 'test');
  await db.app.run(session, async (ctx) => {
    for (let i = 0; i < 57; i++) ctx.audit({ action: `a${i % 3}`, entity: { type: 'x', id: 'x' } });
  });
  const seen: string[] = [];
  let after: string | undefined;
  do {
    const page = await db.app.run(session, async (ctx) => {
      const { where, orderBy } = keyset(order, after);
      const rows = await ctx.tx
        .select()
        .from(auditEntries)
        .where(mine(ctx, auditEntries, where))
        .orderBy(...orderBy)
        .limit(11);
      return pageFrom(
        rows,
        10,
        (row) => [row.action, row.id],
        (row) => row.action + row.id,
      );
    });
    expect(page.data.length).toBeLessThanOrEqual(10);
    expect(page.page.hasMore).toBe(page.page.next !== null);
    seen.push(...page.data);
    after = page.page.next ?? undefined;
  } while (after);
  expect(seen).toHaveLength(57);
  expect(seen).toEqual([...seen].sort().reverse());
});

test('any text that is not a cursor is refused as a fault of the caller', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        keyset(order, text);
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidInput);
      }
    }),
  );
  const smuggled = Buffer.from(JSON.stringify([{ toSQL: 1 }, 'x'])).toString('base64url');
  expect(() => keyset(order, smuggled)).toThrow(InvalidInput);
});

test('a page has one to a hundred rows, and unknown filters are refused', () => {
  expect(listQuery.parse({})).toEqual({ limit: 20 });
  expect(listQuery.safeParse({ limit: '0' }).success).toBe(false);
  expect(listQuery.safeParse({ limit: '101' }).success).toBe(false);
  expect(listQuery.safeParse({ ofset: '1' }).success).toBe(false);
});
