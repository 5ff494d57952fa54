import { expect, test } from 'vitest';
import { NotFound } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenShop, visitor, warmUp } from '../../testing/people.ts';
import { fakeAccessTokens } from '../../testing/ports.ts';
import { enableStaff } from '../staff/staff-roles.service.ts';
import { disableStaff } from './disablement.service.ts';
import { hashToken } from './opaque-token.ts';
import { RefreshRefused } from './sessions.errors.ts';
import { refresh } from './sessions.flow.ts';
import { endSession, endSessions, listSessions, openSession, sweepSessions } from './sessions.service.ts';
import { staffStanding } from './standing.service.ts';

const db = useDatabase();
const page = { limit: 20 };

const again = (refreshToken: string) =>
  refresh(db.app.run, { accessTokens: fakeAccessTokens }, visitor, { refreshToken }).then(
    ({ tokens }) => tokens.refreshToken,
  );
const age = (token: string, seconds: number) =>
  db.admin`update refresh_tokens set used_at = used_at - make_interval(secs => ${seconds}) where token_hash = ${hashToken(token)}`;
const isOpen = async (id: string) => {
  const [row] = await db.admin`select revoked_at is null as open, revoked_reason from staff_sessions where id = ${id}`;
  return row?.['open'] === true;
};

async function given() {
  const shop = await givenShop(db);
  const person = await shop.hire('owner');
  const opened = await db.app.run(shop.system, (ctx) => openSession(ctx, person.id));
  return { shop, person, ...opened };
}

test('a refresh token is good once and gives one that is good again', async () => {
  const { refreshToken } = await given();
  const second = await again(refreshToken);
  const third = await again(second);
  expect(new Set([refreshToken, second, third]).size).toBe(3);
  expect(await again(third)).toMatch(/^souk_rt_/);
});

test('only hashes of refresh tokens are stored, and the successor only sealed and only the newest', async () => {
  const { refreshToken, sessionId } = await given();
  const newest = await again(await again(refreshToken));
  const rows =
    await db.admin`select row_to_json(r)::text as row, successor from refresh_tokens r where session_id = ${sessionId}`;
  const stored = rows.map(({ row }) => row).join();
  for (const token of [refreshToken, newest]) expect(stored).not.toContain(token.slice(-43));
  expect(rows.filter(({ successor }) => successor !== null)).toHaveLength(1);
});

test('twenty tabs that refresh at once get the very same successor, and the session lives on', async () => {
  await warmUp(db);
  const { refreshToken, sessionId } = await given();
  const answers = await Promise.all(Array.from({ length: 20 }, () => again(refreshToken)));
  expect(new Set(answers).size).toBe(1);
  expect(await isOpen(sessionId)).toBe(true);
  expect(await db.admin`select 1 from refresh_tokens where session_id = ${sessionId}`).toHaveLength(2);
  expect(await again(answers[0] ?? '')).toMatch(/^souk_rt_/);
});

test('the token before the newest still works nine seconds later and ends the session eleven seconds later', async () => {
  const { refreshToken, sessionId } = await given();
  const second = await again(refreshToken);
  await age(refreshToken, 9);
  expect(await again(refreshToken)).toBe(second);
  await age(refreshToken, 2);
  await expect(again(refreshToken)).rejects.toBeInstanceOf(RefreshRefused);
  expect(await isOpen(sessionId)).toBe(false);
  await expect(again(second)).rejects.toBeInstanceOf(RefreshRefused);
});

test('a token two generations old ends the session at once, is audited and announced once', async () => {
  await warmUp(db);
  const { shop, person, refreshToken, sessionId } = await given();
  const newest = await again(await again(refreshToken));
  db.committed.length = 0;
  const tries = await Promise.allSettled([again(refreshToken), again(refreshToken), again(refreshToken)]);
  expect(tries.every(({ status }) => status === 'rejected')).toBe(true);
  expect(await isOpen(sessionId)).toBe(false);
  await expect(again(newest)).rejects.toBeInstanceOf(RefreshRefused);
  expect(await shop.auditOf(sessionId)).toEqual(['session.ended', 'session.reuse_detected']);
  expect((await shop.eventsOf(person.id)).map(({ type }) => type)).toEqual(['staff.created', 'session.reuse_detected']);
  expect(db.committed).toEqual([{ companyId: shop.companyId, touched: true, nudged: true }]);
});

test('refreshing never moves the end of a session, and after it nothing works', async () => {
  const { shop, person, refreshToken, sessionId } = await given();
  const ends = () =>
    db.admin`select expires_at, extract(epoch from expires_at - created_at)::int / 86400 as days from staff_sessions where id = ${sessionId}`;
  const before = await ends();
  const next = await again(refreshToken);
  expect(await ends()).toEqual(before);
  expect(before[0]?.['days']).toBe(30);
  await db.admin`update staff_sessions set expires_at = now() where id = ${sessionId}`;
  await expect(again(next)).rejects.toBeInstanceOf(RefreshRefused);
  expect(await db.app.run(shop.system, (ctx) => staffStanding(ctx, { staffId: person.id, sessionId }))).toBeUndefined();
});

test('junk, a forged token and a token carried to another company are refused alike', async () => {
  const { refreshToken } = await given();
  const other = await givenShop(db);
  const elsewhere = refreshToken.replace(/_[0-9a-z]{26}_/, `_${other.companyId.slice(4)}_`);
  const forged = refreshToken.slice(0, -1) + (refreshToken.endsWith('A') ? 'B' : 'A');
  for (const token of ['x', '', elsewhere, forged, refreshToken.replace('_rt_', '_inv_')]) {
    await expect(again(token)).rejects.toBeInstanceOf(RefreshRefused);
  }
  expect(await again(refreshToken)).toMatch(/^souk_rt_/);
});

test('standing is the permissions of all roles, once each, and who the company is', async () => {
  const { shop, person, sessionId } = await given();
  const look = (staffId: Id<'stf'>, session = sessionId) =>
    db.app.run(shop.system, (ctx) => staffStanding(ctx, { staffId, sessionId: session }));
  const standing = await look(person.id);
  const expected = [...(await shop.as(person)).permissions];
  expect([...(standing?.permissions ?? [])].sort()).toEqual(expected.sort());
  expect(standing).toMatchObject({ companyStatus: 'active', companyMode: 'live' });
  const colleague = await shop.hire('support');
  expect(await look(colleague.id)).toBeUndefined(); // somebody else's session
  expect(await look(person.id, newId('ses'))).toBeUndefined();
  await db.admin`update companies set status = 'suspended' where company_id = ${shop.companyId}`;
  expect(await look(person.id)).toMatchObject({ companyStatus: 'suspended' });
  await db.admin`update companies set status = 'closed' where company_id = ${shop.companyId}`;
  expect(await look(person.id)).toBeUndefined();
});

test('standing never crosses a company, even with ids that are right over there', async () => {
  const { person, sessionId } = await given();
  const other = await givenShop(db);
  expect(
    await db.app.run(other.system, (ctx) => staffStanding(ctx, { staffId: person.id, sessionId })),
  ).toBeUndefined();
});

test('a disabled person has no standing, even where a session was left open', async () => {
  const { shop, person, sessionId } = await given();
  await db.admin`update staff set status = 'disabled' where id = ${person.id}`;
  expect(await db.app.run(shop.system, (ctx) => staffStanding(ctx, { staffId: person.id, sessionId }))).toBeUndefined();
});

test('somebody without a permission stands with an empty list', async () => {
  const { shop, person, sessionId } = await given();
  await db.admin`delete from role_permissions where company_id = ${shop.companyId}`;
  const standing = await db.app.run(shop.system, (ctx) => staffStanding(ctx, { staffId: person.id, sessionId }));
  expect(standing?.permissions).toEqual([]);
});

test('disabling somebody ends their sessions for good: enabling brings none of them back', async () => {
  const { shop, person, refreshToken, sessionId } = await given();
  const boss = await shop.as(await shop.hire('owner'));
  await db.app.run(boss, (ctx) => disableStaff(ctx, person.id));
  await expect(again(refreshToken)).rejects.toBeInstanceOf(RefreshRefused);
  await db.app.run(boss, (ctx) => enableStaff(ctx, person.id));
  await expect(again(refreshToken)).rejects.toBeInstanceOf(RefreshRefused);
  expect(await db.app.run(shop.system, (ctx) => staffStanding(ctx, { staffId: person.id, sessionId }))).toBeUndefined();
});

test("one sees and ends one's own sessions only", async () => {
  const { shop, person, sessionId } = await given();
  const colleague = await shop.hire('owner');
  const theirs = await db.app.run(shop.system, (ctx) => openSession(ctx, colleague.id));
  const second = await db.app.run(shop.system, (ctx) => openSession(ctx, person.id));
  const session = await shop.as(person, sessionId);
  const listed = await db.app.run(session, (ctx) => listSessions(ctx, person.id, page));
  expect(listed.data.map(({ id, isCurrent }) => [id, isCurrent])).toEqual([
    [second.sessionId, false],
    [sessionId, true],
  ]);
  const end = (id: Id<'ses'>) => db.app.run(session, (ctx) => endSession(ctx, person.id, id, 'revoked'));
  await expect(end(theirs.sessionId)).rejects.toBeInstanceOf(NotFound);
  await end(second.sessionId);
  await end(second.sessionId); // again: nothing happens
  expect(await shop.auditOf(second.sessionId)).toEqual(['session.ended']);
  expect(await isOpen(theirs.sessionId)).toBe(true);
});

test("logging out everywhere ends all of one's sessions and tells every process", async () => {
  const { shop, person, sessionId } = await given();
  const second = await db.app.run(shop.system, (ctx) => openSession(ctx, person.id));
  db.committed.length = 0;
  const session = await shop.as(person, sessionId);
  expect(await db.app.run(session, (ctx) => endSessions(ctx, person.id, 'logout'))).toBe(2);
  expect([await isOpen(sessionId), await isOpen(second.sessionId)]).toEqual([false, false]);
  expect(db.committed.at(-1)).toMatchObject({ companyId: shop.companyId, touched: true });
});

test('sweeping deletes what ended a week ago, with its tokens, and nothing else', async () => {
  const { shop, person, refreshToken, sessionId } = await given();
  await again(refreshToken);
  const old = await db.app.run(shop.system, (ctx) => openSession(ctx, person.id));
  await db.admin`update staff_sessions set revoked_at = now() - interval '8 days' where id = ${old.sessionId}`;
  expect(await db.app.run(shop.system, sweepSessions)).toBe(1);
  expect(await db.app.run(shop.system, sweepSessions)).toBe(0);
  expect(await db.admin`select 1 from refresh_tokens where session_id = ${old.sessionId}`).toHaveLength(0);
  expect(await isOpen(sessionId)).toBe(true);
});
