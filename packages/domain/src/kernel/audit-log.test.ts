import { expect, test } from 'vitest';
import { auditedTable, mask } from './audit-log.ts';

test('fields that look secret are masked, however deep', () => {
  expect(
    mask({ name: 'x', password: 'p', nested: [{ apiToken: 't', secretKey: 's', tokenHash: 'h' }], key: 'k', at: 5n }),
  ).toEqual({
    name: 'x',
    password: '•••',
    nested: [{ apiToken: '•••', secretKey: '•••', tokenHash: '•••' }],
    key: '•••',
    at: '5',
  });
});

test('an absent secret stays absent, so that the log says whether there was one', () => {
  expect(mask({ password: null, token: '' })).toEqual({ password: null, token: '' });
});

test.each([
  ['insert into "roles" ("id") values ($1)', 'roles'],
  ['update "roles" set x = 1', 'roles'],
  ['delete from "public"."roles" where 1 = 1', 'roles'],
  ['with "a" as (select 1) update "roles" set x = 1', 'roles'],
  ['insert into "events" values ($1)', undefined],
  ['select * from "roles"', undefined],
  ['select 1 for update', undefined],
  ['with a as (insert into events (x) values (1)), b as (update orders set x = 1) select', 'orders'],
  ['with a as (insert into discounts default values returning id) select * from a', 'discounts'],
  ['select * from orders for no key update', undefined],
  ['select * from orders o for update of o', undefined],
  ['insert into events (x) values (1) on conflict (x) do update set x = 2', undefined],
])('%s needs a note for %s', (statement, table) => {
  expect(auditedTable(statement)).toBe(table);
});
