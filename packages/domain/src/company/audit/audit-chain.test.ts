import { expect, test } from 'vitest';
import { type ChainedEntry, type ChainLink, checkLinks, nextLink } from './audit-chain.ts';

const entry = (id: string, more: Partial<ChainedEntry> = {}): ChainedEntry => ({
  companyId: 'com_1',
  id,
  actorType: 'staff',
  actorId: 'stf_1',
  action: 'role.created',
  entityType: 'role',
  entityId: 'role_1',
  before: null,
  after: '{"name": "Cashier"}',
  requestId: 'req-1',
  ip: null,
  userAgent: null,
  createdAt: '2026-11-21T09:00:00.000000Z',
  ...more,
});

function chainOf(...ids: string[]): ChainLink[] {
  const links: ChainLink[] = [];
  for (const id of ids) links.push({ ...nextLink(links.at(-1), entry(id)), entry: entry(id) });
  return links;
}

const kindsOf = (links: ChainLink[]) => checkLinks(undefined, links).faults.map(({ kind, seq }) => `${kind} ${seq}`);

test('a chain nobody touched has no faults', () => {
  expect(kindsOf(chainOf('a', 'b', 'c'))).toEqual([]);
});

test('one change is reported once, where it is', () => {
  const changed = chainOf('a', 'b', 'c', 'd');
  changed[1] = { ...(changed[1] as ChainLink), entry: entry('b', { after: '{"name": "Owner"}' }) };
  expect(kindsOf(changed)).toEqual(['entry_changed 2']);
  const gone = chainOf('a', 'b', 'c', 'd');
  gone[2] = { ...(gone[2] as ChainLink), entry: undefined };
  expect(kindsOf(gone)).toEqual(['entry_missing 3']);
  expect(kindsOf(chainOf('a', 'b', 'c', 'd').filter(({ seq }) => seq !== 2))).toEqual(['link_missing 2']);
});

test('every field of an entry is under the hash', () => {
  for (const field of Object.keys(entry('a')) as (keyof ChainedEntry)[]) {
    const [link] = chainOf('a');
    const forged = { ...entry('a'), [field]: 'forged' };
    expect(kindsOf([{ ...(link as ChainLink), entry: forged }]), field).toEqual(['entry_changed 1']);
  }
});

test('a chain written anew from the middle does not continue the head that was kept', () => {
  const [first, second] = chainOf('a', 'b', 'c');
  const rewritten = nextLink({ seq: 1, hash: 'f'.repeat(64) }, entry('b'));
  expect(kindsOf([first as ChainLink, { ...rewritten, entry: entry('b') }])).toEqual(['link_changed 2']);
  expect(checkLinks(first, [second as ChainLink]).faults).toEqual([]);
});
