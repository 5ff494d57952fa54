import { expect, test } from 'vitest';
import { z } from 'zod';
import { useDatabase } from '../testing/database.ts';
import { systemSession } from './ctx.ts';
import { defineEvent } from './events.ts';
import { newId } from './ids.ts';
import { emit } from './outbox.ts';
import { unseal } from './sealing.ts';

const db = useDatabase();
const happened = defineEvent('test.happened', z.object({ thing: z.object({ name: z.string() }) }), {
  about: 'A thing happened.',
  sample: { thing: { name: 'lamp' } },
  privately: z.object({ token: z.string() }),
});
const announce = (name: unknown) => ({
  aggregate: { id: 'thing_1', sequence: 1 },
  data: { thing: { name: name as string } }, // the wrong type is what one test is about
  privately: { token: 'only for the mail' },
});

test('an event is there exactly when its transaction is', async () => {
  const session = systemSession(newId('com'), 'test');
  await db.app.run(session, (ctx) => emit(ctx, happened, announce('kept')));
  await db.app
    .run(session, async (ctx) => {
      await emit(ctx, happened, announce('undone'));
      throw new Error('undo');
    })
    .catch(() => undefined);
  const rows = await db.admin`select data, type, version, sequence from events where company_id = ${session.companyId}`;
  expect(rows).toEqual([{ data: { thing: { name: 'kept' } }, type: 'test.happened', version: 1, sequence: 1 }]);
  expect(db.committed.filter(({ companyId }) => companyId === session.companyId)).toEqual([
    { companyId: session.companyId, touched: false, nudged: true },
  ]);
});

test('a payload that does not fit the schema undoes the work', async () => {
  const session = systemSession(newId('com'), 'test');
  await expect(db.app.run(session, (ctx) => emit(ctx, happened, announce(7)))).rejects.toThrow();
});

test('the private part is sealed to its row', async () => {
  const session = systemSession(newId('com'), 'test');
  const id = await db.app.run(session, (ctx) => emit(ctx, happened, announce('kept')));
  const [row] = await db.admin`select privately from events where id = ${id}`;
  expect(JSON.stringify(row)).not.toContain('only for the mail');
  expect(JSON.parse(unseal(row?.['privately'], `${session.companyId}|events|${id}`))).toEqual({
    token: 'only for the mail',
  });
});

test('an event name is declared once and is made of dotted words', () => {
  const again = () => defineEvent('test.happened', z.object({}), { about: 'Again.', sample: {} });
  expect(again).toThrow('declared twice');
  expect(() => defineEvent('Happened!', z.object({}), { about: 'Again.', sample: {} })).toThrow('Not an event name');
});
