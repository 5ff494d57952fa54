import { type SQL, sql } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import { companies } from '../../company/companies/companies.schema.ts';
import type { Instant } from '../../kernel/clock.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { seal, unseal } from '../../kernel/sealing.ts';
import { makeToken, type TokenKind } from './opaque-token.ts';

/** Absolute: however busy, after so long everybody logs in again. */
const SESSION_DAYS = 30;
/** Two tabs refresh at the same moment, or the answer was lost on the way: so long the old token gives the same new one. */
const GRACE_SECONDS = 10;
/** What ended stays for a while, so that a token that comes late is still known for what it is. */
const ENDED_KEPT_DAYS = 7;
const SWEEP_BATCH = 1_000;
const USER_AGENT_MAX = 400;

export type EndReason = 'logout' | 'revoked' | 'reuse' | 'password' | 'two_factor' | 'disabled' | 'erased';
type Person = 'stf' | 'cus';
type Login = 'ses' | 'cses';

/** The tables of one kind of people. Sessions of staff and of customers have the same columns but for whose they are. */
export interface FamilyTables<P extends Person, S extends Login> {
  readonly people: PgTable;
  readonly sessions: PgTable;
  readonly tokens: PgTable;
  /** The column of `sessions` that says whose one is. */
  readonly holder: string;
  readonly kinds: {
    readonly person: P;
    readonly session: S;
    readonly token: 'rft' | 'crt';
    readonly opaque: TokenKind;
  };
  /** Name of `tokens` in what its sealed values are bound to. */
  readonly boundTo: string;
}

export interface OpenedSession<S extends Login = 'ses'> {
  readonly sessionId: Id<S>;
  /** Shown once; only its hash is stored. */
  readonly refreshToken: string;
}

export interface FamilySession<P extends Person, S extends Login> {
  readonly id: Id<S>;
  readonly holderId: Id<P>;
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly createdAt: Instant;
}

/** What became of a refresh. `reused`: a copy of the token is about; the caller ends the session in this transaction. */
export type Exchange<P extends Person, S extends Login> =
  | { outcome: 'rotated'; session: FamilySession<P, S>; refreshToken: string }
  | { outcome: 'refused' }
  | { outcome: 'reused'; session: FamilySession<P, S> };

/** Which sessions: one of them, one's own, one's own but this one. */
export interface WhichSessions<P extends Person, S extends Login> {
  readonly holderId?: Id<P>;
  readonly sessionId?: Id<S>;
  readonly keep?: Id<S> | undefined;
}

export interface SessionFamily<P extends Person, S extends Login> {
  /** Opens a session for somebody whose login is complete. */
  open(ctx: Ctx, holderId: Id<P>): Promise<OpenedSession<S>>;
  /**
   * Exchanges a refresh token (by its hash) for its successor. The newest one is good; the one before it, for ten
   * seconds, gives the very same successor again; anything older means that a copy is about (RFC 9700, 4.14.2).
   */
  exchange(ctx: Ctx, hash: string): Promise<Exchange<P, S>>;
  /** Ends sessions that are not ended yet; says which. */
  end(ctx: Ctx, which: WhichSessions<P, S>, reason: EndReason): Promise<Id<S>[]>;
  /** Deletes sessions that ended or expired a week ago, with their tokens, a batch at a time; returns how many. */
  sweep(ctx: Ctx): Promise<number>;
  /** Deletes all sessions of somebody, with their tokens and what is known of their devices. */
  forget(ctx: Ctx, holderId: Id<P>): Promise<void>;
}

/** Keeps sessions with rotating refresh tokens in the tables given. */
export function sessionFamily<P extends Person, S extends Login>(tables: FamilyTables<P, S>): SessionFamily<P, S> {
  return {
    open: (ctx, holderId) => open(ctx, tables, holderId),
    exchange: (ctx, hash) => exchange(ctx, tables, hash),
    end: (ctx, which, reason) => end(ctx, tables, which, reason),
    sweep: (ctx) => sweep(ctx, tables),
    forget: (ctx, holderId) => forget(ctx, tables, holderId),
  };
}

type Tables<P extends Person = Person, S extends Login = Login> = FamilyTables<P, S>;

/** Runs a statement. Every one here says `company_id` of each table it names, as `mine` would. */
async function rowsOf<Row extends object>(ctx: Ctx, statement: SQL): Promise<Row[]> {
  return [...(await ctx.tx.execute(statement))] as unknown as Row[]; // what the statement selects
}

async function open<P extends Person, S extends Login>(
  ctx: Ctx,
  { sessions, tokens, holder, kinds }: Tables<P, S>,
  holderId: Id<P>,
): Promise<OpenedSession<S>> {
  const sessionId = newId(kinds.session);
  const { token, hash } = makeToken(kinds.opaque, ctx.companyId);
  await ctx.tx.execute(sql`
    insert into ${sessions} (company_id, id, ${sql.identifier(holder)}, ip, user_agent, last_used_at, expires_at)
    values (${ctx.companyId}, ${sessionId}, ${holderId}, ${ctx.ip ?? null}, ${printable(ctx.userAgent)}, now(),
      now() + make_interval(days => ${SESSION_DAYS}))`);
  await insertToken(ctx, tokens, { id: newId(kinds.token), sessionId, hash });
  return { sessionId, refreshToken: token };
}

const insertToken = (
  ctx: Ctx,
  tokens: PgTable,
  { id, sessionId, hash }: { id: string; sessionId: string; hash: string },
) =>
  ctx.tx.execute(sql`
    insert into ${tokens} (company_id, id, session_id, token_hash) values (${ctx.companyId}, ${id}, ${sessionId}, ${hash})`);

async function exchange<P extends Person, S extends Login>(
  ctx: Ctx,
  tables: Tables<P, S>,
  hash: string,
): Promise<Exchange<P, S>> {
  const session = await lockSessionOf(ctx, tables, hash);
  if (!session?.isGood) return { outcome: 'refused' };
  // Read after the lock: whoever held it may have used this very token.
  const token = await tokenBy(ctx, tables, hash);
  if (!token) return { outcome: 'refused' };
  if (!token.isUsed)
    return { outcome: 'rotated', session, refreshToken: await succeed(ctx, tables, session.id, token.id) };
  const bound = boundTo(ctx, tables, token.id);
  const successor = token.isFresh && token.successor ? unseal(token.successor, bound) : undefined;
  return successor ? { outcome: 'rotated', session, refreshToken: successor } : { outcome: 'reused', session };
}

/** The session a token belongs to, locked: refreshes of one session take turns. */
async function lockSessionOf<P extends Person, S extends Login>(
  ctx: Ctx,
  { people, sessions, tokens, holder }: Tables<P, S>,
  hash: string,
): Promise<(FamilySession<P, S> & { isGood: boolean }) | undefined> {
  const company = ctx.companyId;
  const [row] = await rowsOf<FamilySession<P, S> & { isGood: boolean; createdAt: string | Date }>(
    ctx,
    sql`
    select s.id, s.${sql.identifier(holder)} as "holderId", s.ip, s.user_agent as "userAgent", s.created_at as "createdAt",
      s.revoked_at is null and s.expires_at > now() and p.status = 'active' and c.status <> 'closed' as "isGood"
    from ${tokens} t
    join ${sessions} s on s.company_id = ${company} and s.id = t.session_id
    join ${people} p on p.company_id = ${company} and p.id = s.${sql.identifier(holder)}
    join ${companies} c on c.company_id = ${company}
    where t.company_id = ${company} and t.token_hash = ${hash}
    for update of s`,
  );
  return row && { ...row, createdAt: new Date(row.createdAt).toISOString() };
}

async function tokenBy(ctx: Ctx, { tokens }: Tables, hash: string) {
  const [row] = await rowsOf<{ id: string; isUsed: boolean; successor: string | null; isFresh: boolean }>(
    ctx,
    sql`
    select id, used_at is not null as "isUsed", successor,
      coalesce(used_at > now() - make_interval(secs => ${GRACE_SECONDS}), false) as "isFresh"
    from ${tokens} where company_id = ${ctx.companyId} and token_hash = ${hash}`,
  );
  return row;
}

async function succeed(ctx: Ctx, tables: Tables, sessionId: string, id: string): Promise<string> {
  const { sessions, tokens, kinds } = tables;
  const company = ctx.companyId;
  const { token, hash } = makeToken(kinds.opaque, company);
  // Only the newest used token keeps its successor: whoever comes with an older one gets nothing but the end.
  await ctx.tx.execute(sql`
    update ${tokens} set successor = null
    where company_id = ${company} and session_id = ${sessionId} and successor is not null and id <> ${id}`);
  await ctx.tx.execute(sql`
    update ${tokens} set used_at = now(), successor = ${seal(token, boundTo(ctx, tables, id))}
    where company_id = ${company} and id = ${id}`);
  await insertToken(ctx, tokens, { id: newId(kinds.token), sessionId, hash });
  await ctx.tx.execute(
    sql`update ${sessions} set last_used_at = now() where company_id = ${company} and id = ${sessionId}`,
  );
  return token;
}

async function end<P extends Person, S extends Login>(
  ctx: Ctx,
  { sessions, holder, kinds }: Tables<P, S>,
  { holderId, sessionId, keep }: WhichSessions<P, S>,
  reason: EndReason,
): Promise<Id<S>[]> {
  if (holderId === undefined && sessionId === undefined) throw new Error('Whose sessions, or which one?');
  const ended = await rowsOf<{ id: Id<S>; holderId: Id<P> }>(
    ctx,
    sql`
    update ${sessions} set revoked_at = now(), revoked_reason = ${reason}
    where company_id = ${ctx.companyId} and revoked_at is null
      ${holderId === undefined ? sql`` : sql`and ${sql.identifier(holder)} = ${holderId}`}
      ${sessionId === undefined ? sql`` : sql`and id = ${sessionId}`}
      ${keep === undefined ? sql`` : sql`and id <> ${keep}`}
    returning id, ${sql.identifier(holder)} as "holderId"`,
  );
  const [first] = ended;
  if (first) touchHolder(ctx, kinds.person, first.holderId);
  return ended.map(({ id }) => id);
}

async function sweep(ctx: Ctx, { sessions, tokens }: Tables): Promise<number> {
  const old = sql`now() - make_interval(days => ${ENDED_KEPT_DAYS})`;
  const gone = await rowsOf<{ id: string }>(
    ctx,
    sql`
    select id from ${sessions} where company_id = ${ctx.companyId} and (expires_at < ${old} or revoked_at < ${old})
    order by id limit ${SWEEP_BATCH}`,
  );
  if (gone.length === 0) return 0;
  const ids = sql.join(
    gone.map(({ id }) => sql`${id}`),
    sql`, `,
  );
  await ctx.tx.execute(sql`delete from ${tokens} where company_id = ${ctx.companyId} and session_id in (${ids})`);
  await ctx.tx.execute(sql`delete from ${sessions} where company_id = ${ctx.companyId} and id in (${ids})`);
  return gone.length;
}

async function forget(ctx: Ctx, { sessions, tokens, holder, kinds }: Tables, holderId: string): Promise<void> {
  const company = ctx.companyId;
  const theirs = sql`${sql.identifier(holder)} = ${holderId}`;
  await ctx.tx.execute(sql`
    delete from ${tokens} where company_id = ${company}
      and session_id in (select id from ${sessions} where company_id = ${company} and ${theirs})`);
  await ctx.tx.execute(sql`delete from ${sessions} where company_id = ${company} and ${theirs}`);
  touchHolder(ctx, kinds.person, holderId);
}

/** Whoever ends sessions ends those of one person. Of staff all that is known goes: their rights hang on roles as well. */
function touchHolder(ctx: Ctx, person: Person, holderId: string): void {
  // The kind says what the id is.
  if (person === 'cus') ctx.touch(holderId as Id<'cus'>);
  else ctx.touch();
}

const boundTo = (ctx: Ctx, tables: Tables, id: string) => `${ctx.companyId}|${tables.boundTo}|successor|${id}`;

// A header may hold bytes that PostgreSQL does not store as text.
const printable = (userAgent: string | undefined): string | null =>
  userAgent === undefined ? null : userAgent.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, USER_AGENT_MAX);
