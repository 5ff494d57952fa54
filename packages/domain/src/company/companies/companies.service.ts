import { sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound, VersionStale } from '../../kernel/errors.ts';
import type { EventDefinition } from '../../kernel/events.ts';
import type { CompanyId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { mine } from '../../kernel/tables.ts';
import type { CompanyPatch, CompanyView, NewCompany } from './companies.contract.ts';
import { CompanyStatusConflict } from './companies.errors.ts';
import { companyClosed, companyCreated, companyResumed, companySuspended, companyUpdated } from './companies.events.ts';
import { type CompanyStatus, companies } from './companies.schema.ts';
import { claimHandle } from './company-handles.service.ts';

type CompanyRow = typeof companies.$inferSelect;

/** The life cycle: closing is for good. */
const MOVES: Readonly<Record<CompanyStatus, readonly CompanyStatus[]>> = {
  active: ['suspended', 'closed'],
  suspended: ['active', 'closed'],
  closed: [],
};

const NEWS: Readonly<Record<CompanyStatus, EventDefinition<typeof companyCreated.data>>> = {
  active: companyResumed,
  suspended: companySuspended,
  closed: companyClosed,
};

/**
 * Makes the company of this unit of work (`ctx.companyId`, made by the caller) and claims its handle. With
 * `parentCompanyId` it is that company's sandbox, in test mode. Throws `HandleTaken`.
 */
export async function createCompany(
  ctx: Ctx,
  input: NewCompany & { parentCompanyId?: CompanyId },
): Promise<CompanyView> {
  await claimHandle(ctx.tx, input.handle, ctx.companyId);
  const [row] = await ctx.tx
    .insert(companies)
    .values({ ...input, companyId: ctx.companyId, mode: input.parentCompanyId ? 'test' : 'live', eventSequence: 1 })
    .returning();
  const company = viewOf(row);
  ctx.audit({ action: 'company.created', entity: { type: 'company', id: company.id }, after: company });
  await emit(ctx, companyCreated, { aggregate: { id: company.id, sequence: 1 }, data: { company } });
  ctx.touch();
  ctx.catalogueChanged();
  return company;
}

/** The company itself. Throws `NotFound` when the id belongs to none. */
export async function getCompany(ctx: Ctx): Promise<CompanyView> {
  const [row] = await ctx.tx.select().from(companies).where(mine(ctx, companies));
  return viewOf(row);
}

/** Changes what may change about a company. Throws `VersionStale` if `expectedVersion` is not the present one. */
export async function updateCompany(ctx: Ctx, patch: CompanyPatch, expectedVersion?: number): Promise<CompanyView> {
  const before = await lockCompany(ctx);
  if (expectedVersion !== undefined && expectedVersion !== before.version)
    throw new VersionStale('company', before.version);
  const news = Object.entries(patch).filter(
    ([field, value]) => value !== undefined && value !== before[field as keyof CompanyPatch],
  );
  if (news.length === 0) return viewOf(before);
  return change(ctx, before, patch, companyUpdated, 'company.updated');
}

/** Stops the company's selling: its storefront answers 503, its staff can read. Suspending twice changes nothing. */
export const suspendCompany = (ctx: Ctx, reason: string): Promise<CompanyView> => move(ctx, 'suspended', reason);

/** Lets a suspended company sell again. */
export const resumeCompany = (ctx: Ctx): Promise<CompanyView> => move(ctx, 'active', null);

/** Closes the company for good: nobody can log in and no key opens anything. */
export const closeCompany = (ctx: Ctx): Promise<CompanyView> => move(ctx, 'closed', null);

/**
 * The company and the next number of its events, for an event about something of it that has no row to count with.
 * Holds the company's lock until the transaction ends. Throws `NotFound`.
 */
export async function countCompanyEvent(ctx: Ctx): Promise<{ company: CompanyView; sequence: number }> {
  const [row] = await ctx.tx
    .update(companies)
    .set({ eventSequence: sql`${companies.eventSequence} + 1` })
    .where(mine(ctx, companies))
    .returning();
  return { company: viewOf(row), sequence: row?.eventSequence ?? 0 };
}

async function move(ctx: Ctx, to: CompanyStatus, statusReason: string | null): Promise<CompanyView> {
  const before = await lockCompany(ctx);
  if (before.status === to) return viewOf(before);
  if (!MOVES[before.status].includes(to)) throw new CompanyStatusConflict(before.status, to);
  return change(ctx, before, { status: to, statusReason }, NEWS[to], NEWS[to].type);
}

/** Two changes of one company take turns here. */
async function lockCompany(ctx: Ctx): Promise<CompanyRow> {
  const [row] = await ctx.tx.select().from(companies).where(mine(ctx, companies)).for('update');
  if (!row) throw new NotFound('company');
  return row;
}

async function change(
  ctx: Ctx,
  before: CompanyRow,
  set: CompanyPatch & { status?: CompanyStatus; statusReason?: string | null },
  event: EventDefinition<typeof companyCreated.data>,
  action: string,
): Promise<CompanyView> {
  const [row] = await ctx.tx
    .update(companies)
    .set({ ...set, version: before.version + 1, eventSequence: before.eventSequence + 1, updatedAt: sql`now()` })
    .where(mine(ctx, companies))
    .returning();
  const company = viewOf(row);
  // The operator's reason is for the audit log: it may say what the merchant's customers must not read.
  const after = set.statusReason ? { ...company, reason: set.statusReason } : company;
  ctx.audit({ action, entity: { type: 'company', id: company.id }, before: viewOf(before), after });
  await emit(ctx, event, { aggregate: { id: company.id, sequence: before.eventSequence + 1 }, data: { company } });
  ctx.touch();
  return company;
}

function viewOf(row: CompanyRow | undefined): CompanyView {
  if (!row) throw new NotFound('company');
  const { companyId, statusReason: _reason, eventSequence: _sequence, ...shown } = row;
  return { id: companyId, ...shown };
}
