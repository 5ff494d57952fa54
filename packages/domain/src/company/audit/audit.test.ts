import { afterEach, expect, test } from 'vitest';
import type { Ctx, Session } from '../../kernel/ctx.ts';
import { systemSession } from '../../kernel/ctx.ts';
import { type CompanyId, newId } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { auditExportQuery, auditListQuery } from './audit.contract.ts';
import { exportEntries, verifyChain } from './audit.flow.ts';
import { listEntries } from './audit.service.ts';
import { companiesWithPendingEntries, linkEntries } from './audit-chain.service.ts';

const db = useDatabase();

const staffOf = (companyId: CompanyId): Session => ({
  ...systemSession(companyId, 'test'),
  actor: { type: 'staff', id: newId('stf') },
});
const worker = (companyId: CompanyId) => systemSession(companyId, 'audit-linker');

const WHAT = { action: 'role.updated', entity: { type: 'role', id: 'role_1' } };

/** Writes `count` entries, each in a unit of work of its own, as production does. */
async function entries(session: Session, count: number, action = 'role.updated') {
  for (let i = 0; i < count; i++) {
    await db.app.run(session, async (ctx) =>
      ctx.audit({ action, entity: { type: 'role', id: `role_${i}` }, before: { n: i }, after: { n: i + 1 } }),
    );
  }
}

async function linked(count = 5) {
  const session = staffOf(newId('com'));
  await entries(session, count);
  await db.app.run(worker(session.companyId), (ctx) => linkEntries(ctx, 100));
  return session;
}

/** Rows of the audit log that this transaction's connection read so far. */
async function rowsRead(ctx: Ctx): Promise<number> {
  const [row] = await ctx.tx.execute<{ count: string }>(
    "select sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) as count from pg_stat_xact_user_tables where relname like 'audit%'",
  );
  return Number(row?.count);
}

const verify = (session: Session, from = {}) => verifyChain(db.app.run, session, from);
const kinds = async (session: Session, from = {}) => (await verify(session, from)).faults.map(({ kind }) => kind);

// Whatever a test did to a chain, no chain ever has a link twice or a hole that a worker made.
afterEach(async () => {
  const forks = await db.admin`select company_id, prev_hash from audit_links group by 1, 2 having count(*) > 1`;
  expect(forks).toEqual([]);
});

test('entries of a company are linked in order and the chain is found intact', async () => {
  const session = await linked(5);
  const links =
    await db.admin`select seq, entry_id from audit_links where company_id = ${session.companyId} order by seq`;
  expect(links.map(({ seq }) => Number(seq))).toEqual([1, 2, 3, 4, 5]);
  expect(links.map(({ entry_id }) => entry_id)).toEqual(links.map(({ entry_id }) => entry_id).toSorted());
  expect(await verify(session)).toMatchObject({ intact: true, checked: 5, complete: true, head: { seq: 5 } });
  expect(await db.admin`select 1 from audit_pending where company_id = ${session.companyId}`).toHaveLength(0);
});

test('many workers at once make one chain: every entry linked once, no fork', async () => {
  const session = staffOf(newId('com'));
  await entries(session, 40);
  const rounds = Array.from({ length: 12 }, () =>
    db.app.run(worker(session.companyId), (ctx) => linkEntries(ctx, 7)).catch(() => 0),
  );
  await Promise.all([...rounds, entries(session, 10)]);
  while ((await db.app.run(worker(session.companyId), (ctx) => linkEntries(ctx, 7))) > 0);
  expect(await verify(session)).toMatchObject({ intact: true, checked: 50 });
});

test('a linker that dies half-way leaves the entries waiting', async () => {
  const session = staffOf(newId('com'));
  await entries(session, 3);
  const dying = db.app.run(worker(session.companyId), async (ctx) => {
    await linkEntries(ctx, 100);
    throw new Error('killed');
  });
  await expect(dying).rejects.toThrow('killed');
  expect(await db.app.run(worker(session.companyId), (ctx) => linkEntries(ctx, 100))).toBe(3);
  expect((await verify(session)).intact).toBe(true);
});

test('the app role can neither change nor delete an entry or a link', async () => {
  const session = await linked(1);
  const attempts = [
    'update audit_entries set action = $$x$$',
    'delete from audit_entries',
    'update audit_links set hash = $$x$$',
    'delete from audit_links',
    'truncate audit_entries',
    'truncate audit_links',
  ];
  for (const attempt of attempts) {
    const forged = db.app.run(session, (ctx) => ctx.tx.execute(attempt));
    await expect(forged, attempt).rejects.toMatchObject({ cause: { code: '42501' } });
  }
  expect((await verify(session)).intact).toBe(true);
});

test('what somebody above the application changed, deleted or put in is found', async () => {
  const changed = await linked();
  await db.admin`update audit_entries set after = '{"n":99}' where company_id = ${changed.companyId} and entity_id = 'role_2'`;
  expect(await kinds(changed)).toEqual(['entry_changed']);

  const deleted = await linked();
  await db.admin`delete from audit_entries where company_id = ${deleted.companyId} and entity_id = 'role_2'`;
  expect(await kinds(deleted)).toEqual(['entry_missing']);

  const unlinked = await linked();
  await db.admin`delete from audit_links where company_id = ${unlinked.companyId} and seq = 3`;
  await db.admin`update audit_entries set created_at = created_at - interval '2 minutes' where company_id = ${unlinked.companyId} and entity_id = 'role_2'`;
  expect(await kinds(unlinked)).toEqual(['link_missing', 'entry_unlinked']);

  const inserted = await linked();
  await db.admin`insert into audit_entries (company_id, id, actor_type, actor_id, action, entity_type, entity_id, request_id, created_at)
    values (${inserted.companyId}, ${newId('aud')}, 'staff', 'stf_x', 'role.deleted', 'role', 'role_1', 'r', now() - interval '2 minutes')`;
  expect(await kinds(inserted)).toEqual(['entry_unlinked']);
});

test('a change that values of JavaScript cannot show is found: numbers past 2^53, digits, microseconds', async () => {
  const forgeries = [
    db.admin`update audit_entries set after = '{"amount": 9007199254740993}'`,
    db.admin`update audit_entries set before = '{"rate": 1.00000000000000000001}'`,
    db.admin`update audit_entries set created_at = created_at + interval '1 microsecond'`,
  ];
  for (const forgery of forgeries) {
    const session = staffOf(newId('com'));
    await db.app.run(session, async (ctx) =>
      ctx.audit({ ...WHAT, before: { rate: 1 }, after: { amount: 9_007_199_254_740_992 } }),
    );
    await db.app.run(worker(session.companyId), (ctx) => linkEntries(ctx, 100));
    expect(await kinds(session)).toEqual([]);
    await db.admin`${forgery} where company_id = ${session.companyId}`;
    expect(await kinds(session)).toEqual(['entry_changed']);
  }
});

test('however long the log, a check from a kept head reads what came after it and no more', async () => {
  const session = staffOf(newId('com'));
  const { companyId } = session;
  await db.admin`insert into audit_entries (company_id, id, actor_type, actor_id, action, entity_type, entity_id, request_id, created_at)
    select ${companyId}, 'aud_' || lpad(i::text, 26, '0'), 'staff', 'stf_x', 'role.deleted', 'role', 'role_1', 'r', now() - interval '1 day' from generate_series(1, 20000) i`;
  await db.admin`insert into audit_links (company_id, seq, entry_id, prev_hash, hash)
    select ${companyId}, i, 'aud_' || lpad(i::text, 26, '0'), i::text, repeat('a', 64) from generate_series(1, 20000) i`;
  await db.admin`analyze audit_entries, audit_links`;
  await entries(session, 3);
  await db.app.run(worker(companyId), (ctx) => linkEntries(ctx, 100));
  let read = 0;
  const counting: typeof db.app.run = (who, work) =>
    db.app.run(who, async (ctx) => {
      const before = await rowsRead(ctx);
      const result = await work(ctx);
      read += (await rowsRead(ctx)) - before;
      return result;
    });
  const found = await verifyChain(counting, session, { seq: 20_000, hash: 'a'.repeat(64) });
  expect(found).toMatchObject({ intact: true, checked: 3, complete: true });
  expect(read).toBeLessThan(100);
});

test('entries without a link are found wherever the check passes, and when it begins at a kept head behind it', async () => {
  const session = staffOf(newId('com'));
  const forge = async () => {
    const id = newId('aud');
    await db.admin`insert into audit_entries (company_id, id, actor_type, actor_id, action, entity_type, entity_id, request_id, created_at)
      values (${session.companyId}, ${id}, 'staff', 'stf_x', 'role.deleted', 'role', 'role_1', 'r', now() - interval '2 minutes')`;
    return id;
  };
  const link = () => db.app.run(worker(session.companyId), (ctx) => linkEntries(ctx, 100));
  const forged = [await forge()];
  await entries(session, 2);
  forged.push(await forge());
  await entries(session, 1);
  await link();
  const { head } = await verify(session);
  await entries(session, 1);
  forged.push(await forge());
  await entries(session, 1);
  await link();
  forged.push(await forge());
  const unlinked = async (from = {}) => (await verify(session, from)).faults.map(({ entryId }) => entryId);
  expect(await unlinked()).toEqual(forged);
  expect(await unlinked(head ?? {})).toEqual(forged.slice(2));
});

test('a cut-off end is found from a head that was written down before', async () => {
  const session = await linked();
  const { head } = await verify(session);
  await db.admin`delete from audit_links where company_id = ${session.companyId} and seq > 3`;
  await db.admin`delete from audit_entries where company_id = ${session.companyId} and entity_id in ('role_3', 'role_4')`;
  expect(await kinds(session)).toEqual([]);
  expect(await kinds(session, head ?? {})).toEqual(['link_missing']);
});

test('a check that begins at a kept head covers only what came after it', async () => {
  const session = await linked(3);
  const { head } = await verify(session);
  await entries(session, 2);
  await db.app.run(worker(session.companyId), (ctx) => linkEntries(ctx, 100));
  expect(await verify(session, head ?? {})).toMatchObject({ intact: true, checked: 2, head: { seq: 5 } });
});

test('the list filters by actor, action, thing and time, and pages from the newest', async () => {
  const session = staffOf(newId('com'));
  const other = { ...session, actor: { type: 'staff', id: newId('stf') } } as const;
  await entries(session, 5);
  await entries(other, 2, 'role.created');
  const list = (query: Record<string, unknown>) =>
    db.app.run(session, (ctx) => listEntries(ctx, auditListQuery.parse(query)));
  expect((await list({ actor: other.actor.id })).data.map(({ action }) => action)).toEqual([
    'role.created',
    'role.created',
  ]);
  expect((await list({ action: 'role.updated', entity: 'role_3' })).data).toMatchObject([
    { before: { n: 3 }, after: { n: 4 } },
  ]);
  expect((await list({ actorType: 'key' })).data).toEqual([]);
  const [newest] = (await list({ limit: 1 })).data;
  expect((await list({ from: newest?.createdAt })).data.map(({ id }) => id)).toContain(newest?.id);
  expect((await list({ to: '2020-01-01T00:00:00Z' })).data).toEqual([]);
  expect((await list({ from: '2020-01-01T00:00:00Z', to: '2999-01-01T00:00:00Z' })).data).toHaveLength(7);

  const seen: string[] = [];
  for (let after: string | undefined; ; ) {
    const page = await list({ limit: 3, after });
    seen.push(...page.data.map(({ id }) => id));
    if (page.page.next === null) break;
    after = page.page.next;
  }
  expect(seen).toHaveLength(7);
  expect(seen).toEqual(seen.toSorted().toReversed());
});

test('a company sees, links and verifies its own entries only', async () => {
  const mine = await linked(2);
  const stranger = await linked(3);
  expect((await db.app.run(mine, (ctx) => listEntries(ctx, auditListQuery.parse({})))).data).toHaveLength(2);
  await entries(stranger, 1);
  expect(await db.app.run(worker(mine.companyId), (ctx) => linkEntries(ctx, 100))).toBe(0);
  expect(await db.relay.unscoped((tx) => companiesWithPendingEntries(tx, 1000))).toContain(stranger.companyId);
  await db.admin`update audit_entries set action = 'x' where company_id = ${stranger.companyId}`;
  expect((await verify(mine)).intact).toBe(true);
});

test('the export holds every entry once, computes nothing in a spreadsheet, and is itself an entry', async () => {
  const session = { ...staffOf(newId('com')), userAgent: '=HYPERLINK("http://evil.test")' };
  await entries(session, 3);
  let csv = '';
  for await (const piece of await exportEntries(db.app.run, session, auditExportQuery.parse({}))) csv += piece;
  const lines = csv.trimEnd().split('\r\n');
  expect(lines[0]).toMatch(/^id,createdAt,actorType/);
  expect(lines).toHaveLength(4);
  expect(lines[1]).toContain(`"'=HYPERLINK(""http://evil.test"")"`);
  expect(csv).not.toMatch(/(^|,)[=+@]/m);
  const [newest] = (await db.app.run(session, (ctx) => listEntries(ctx, auditListQuery.parse({ limit: 1 })))).data;
  expect(newest?.action).toBe('audit.exported');
});
