import { sql } from 'drizzle-orm';
import type { CompanyView } from '../../company/companies/companies.contract.ts';
import { getCompany } from '../../company/companies/companies.service.ts';
import { sandboxHandle } from '../../company/companies/handle-words.ts';
import { roleIdOf } from '../../company/iam/roles.service.ts';
import { UNUSABLE_PASSWORD_HASH } from '../../identity/passwords/password-hash.ts';
import { type OpenedSession, openSession } from '../../identity/sessions/sessions.service.ts';
import type { StaffView } from '../../identity/staff/staff.contract.ts';
import { StaffNeeded } from '../../identity/staff/staff.errors.ts';
import { createStaff, getStaff, staffByEmail } from '../../identity/staff/staff.service.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import { foundCompany } from '../registration/registration.service.ts';
import { SandboxAccountDisabled, SandboxOfSandbox } from './sandbox.errors.ts';
import { sandboxIdOf } from './sandbox-id.ts';

/** Who comes in, and from which live company. */
export interface SandboxVisit {
  parent: CompanyView;
  person: { name: string; email: string };
}

/** In the live company: takes down that its sandbox is opened, and by whom. Throws `SandboxOfSandbox`, `StaffNeeded`. */
export async function leaveForSandbox(ctx: Ctx): Promise<SandboxVisit> {
  const parent = await getCompany(ctx);
  if (parent.mode === 'test') throw new SandboxOfSandbox();
  if (ctx.actor.type !== 'staff') throw new StaffNeeded();
  const { name, email } = await getStaff(ctx, ctx.actor.id);
  ctx.audit({ action: 'sandbox.opened', entity: { type: 'company', id: sandboxIdOf(parent.id) } });
  return { parent, person: { name, email } };
}

/** In the sandbox: makes it if there is none yet, makes the visitor an owner, opens a session. Throws `SandboxAccountDisabled`. */
export async function enterSandbox(
  ctx: Ctx,
  { parent, person }: SandboxVisit,
): Promise<{ company: CompanyView; staff: StaffView; session: OpenedSession }> {
  // Two people at once: there may be no row yet to lock, so they wait for each other here.
  await ctx.tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`sandbox|${ctx.companyId}`}, 0))`);
  // No password: people come in through the live company, where their second factor and being disabled count.
  const owner = { ...person, passwordHash: UNUSABLE_PASSWORD_HASH };
  const existing = await getCompany(ctx).catch(undefinedIfMissing);
  const { company, staff } = existing
    ? { company: existing, staff: await join(ctx, owner) }
    : await found(ctx, parent, owner);
  return { company, staff, session: await openSession(ctx, staff.id) };
}

function found(ctx: Ctx, parent: CompanyView, owner: { name: string; email: string; passwordHash: string }) {
  const { name, handle, country, currency, timezone } = parent;
  const input = { name: `${name} (test)`, handle: sandboxHandle(handle), country, currency, timezone };
  return foundCompany(ctx, { ...input, parentCompanyId: parent.id }, owner);
}

async function join(ctx: Ctx, owner: { name: string; email: string; passwordHash: string }): Promise<StaffView> {
  const known = await staffByEmail(ctx, owner.email);
  if (known?.status === 'disabled') throw new SandboxAccountDisabled();
  return known ?? createStaff(ctx, { ...owner, roleIds: [await roleIdOf(ctx, 'owner')] });
}

function undefinedIfMissing(error: unknown): undefined {
  if (error instanceof NotFound) return undefined;
  throw error;
}
