import type { AccessTokens } from '../../identity/sessions/access-tokens.ts';
import { lookingOnly, type Run, type Session, systemSession } from '../../kernel/ctx.ts';
import type { SandboxOpened } from './sandbox.contract.ts';
import { enterSandbox, leaveForSandbox } from './sandbox.service.ts';
import { sandboxIdOf } from './sandbox-id.ts';

/**
 * Opens the company's sandbox for the calling member of staff, who is its owner there: makes it if there is none yet,
 * and logs them in. Two units of work, one in each company; either may be repeated. Throws `SandboxOfSandbox`,
 * `SandboxAccountDisabled`.
 */
export async function openSandbox(
  run: Run,
  ports: { accessTokens: AccessTokens },
  session: Session,
): Promise<SandboxOpened> {
  const visit = await run(lookingOnly(session), leaveForSandbox);
  const { requestId, ip, userAgent } = session;
  const inSandbox = { ...systemSession(sandboxIdOf(visit.parent.id), 'sandbox'), requestId, ip, userAgent };
  const { company, staff, session: opened } = await run(inSandbox, (ctx) => enterSandbox(ctx, visit));
  const access = await ports.accessTokens.sign({
    companyId: company.id,
    staffId: staff.id,
    sessionId: opened.sessionId,
  });
  return { company, staff, tokens: { ...access, refreshToken: opened.refreshToken } };
}
