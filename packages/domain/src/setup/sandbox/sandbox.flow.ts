import type { CompanyView } from '../../company/companies/companies.contract.ts';
import { getCompany } from '../../company/companies/companies.service.ts';
import { sandboxHandle } from '../../company/companies/handle-words.ts';
import { roleIdOf } from '../../company/iam/roles.service.ts';
import type { AccessTokens } from '../../identity/sessions/access-tokens.ts';
import { openSession } from '../../identity/sessions/sessions.service.ts';
import { credentialsOf } from '../../identity/staff/credentials.service.ts';
import { createStaff, staffByEmail } from '../../identity/staff/staff.service.ts';
import { type Ctx, lookingOnly, type Run, type Session, systemSession } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { type FoundingOwner, foundCompany } from '../registration/registration.service.ts';
import type { SandboxOpened } from './sandbox.contract.ts';
import { SandboxOfSandbox } from './sandbox.errors.ts';
import { sandboxIdOf } from './sandbox-id.ts';

/**
 * Opens the company's sandbox for the calling member of staff, who is its owner there: makes it if there is none yet,
 * and logs them in. Two units of work, one in each company; either may be repeated. Throws `SandboxOfSandbox`.
 */
export async function openSandbox(
  run: Run,
  ports: { accessTokens: AccessTokens },
  session: Session,
): Promise<SandboxOpened> {
  const { parent, owner } = await run(lookingOnly(session), async (ctx) => ({
    parent: await liveCompany(ctx),
    owner: await founderFrom(ctx),
  }));
  const inSandbox = {
    ...systemSession(sandboxIdOf(parent.id), 'sandbox'),
    requestId: session.requestId,
    ip: session.ip,
    userAgent: session.userAgent,
  };
  const opened = await run(inSandbox, async (ctx) => {
    const { company, staff } = await findOrFound(ctx, parent, owner);
    return { company, staff, session: await openSession(ctx, staff.id) };
  });
  const access = await ports.accessTokens.sign({
    companyId: inSandbox.companyId,
    staffId: opened.staff.id,
    sessionId: opened.session.sessionId,
  });
  return {
    company: opened.company,
    staff: opened.staff,
    tokens: { ...access, refreshToken: opened.session.refreshToken },
  };
}

async function liveCompany(ctx: Ctx): Promise<CompanyView> {
  const company = await getCompany(ctx);
  if (company.mode === 'test') throw new SandboxOfSandbox();
  ctx.audit({ action: 'sandbox.opened', entity: { type: 'company', id: sandboxIdOf(company.id) } });
  return company;
}

// Their own password opens the sandbox too: it is the same person, and the hash never leaves the database's side.
async function founderFrom(ctx: Ctx): Promise<FoundingOwner> {
  if (ctx.actor.type !== 'staff') throw new NotFound('staff member');
  const { name, email, passwordHash } = await credentialsOf(ctx, ctx.actor.id);
  return { name, email, passwordHash };
}

async function findOrFound(ctx: Ctx, parent: CompanyView, owner: FoundingOwner) {
  const existing = await getCompany(ctx).catch(ignoreMissing);
  if (!existing) {
    const { name, handle, country, currency, timezone } = parent;
    const input = {
      name: `${name} (test)`,
      handle: sandboxHandle(handle),
      country,
      currency,
      timezone,
      parentCompanyId: parent.id,
    };
    return foundCompany(ctx, input, owner);
  }
  const known = await staffByEmail(ctx, owner.email);
  const ownerRole: Id<'role'> = await roleIdOf(ctx, 'owner');
  return { company: existing, staff: known ?? (await createStaff(ctx, { ...owner, roleIds: [ownerRole] })) };
}

function ignoreMissing(error: unknown): undefined {
  if (error instanceof NotFound) return undefined;
  throw error;
}
