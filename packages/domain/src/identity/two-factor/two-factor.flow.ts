import type { Run, Session } from '../../kernel/ctx.ts';
import { confirmPassword } from '../passwords/passwords.flow.ts';
import { type Attempts, subjectKey } from '../sessions/attempts.ts';
import { staffIdOf } from '../sessions/visitor.ts';
import type { RecoveryCodesShown, TwoFactorProof, TwoFactorSetup } from './two-factor.contract.ts';
import { confirmTwoFactor, disableTwoFactor, renewRecoveryCodes, startTwoFactor } from './two-factor.service.ts';

interface Ports {
  attempts: Attempts;
}

/** Starts the set-up; the password is asked again, so that a stolen session cannot lock its owner out. */
export async function setUpTwoFactor(
  run: Run,
  ports: Ports,
  session: Session,
  password: string,
): Promise<TwoFactorSetup> {
  const { staffId } = await confirmPassword(run, ports, session, { password, pointer: '/password' });
  return run(session, (ctx) => startTwoFactor(ctx, staffId));
}

/** Turns two-factor login on with the first code of the app. */
export async function turnOnTwoFactor(
  run: Run,
  ports: Ports,
  session: Session,
  code: string,
): Promise<RecoveryCodesShown> {
  return counted(ports, session, () => run(session, (ctx) => confirmTwoFactor(ctx, staffIdOf(session), code)));
}

/** Turns two-factor login off; needs both factors. */
export async function turnOffTwoFactor(
  run: Run,
  ports: Ports,
  session: Session,
  { password, code }: TwoFactorProof,
): Promise<void> {
  const { staffId } = await confirmPassword(run, ports, session, { password, pointer: '/password' });
  await counted(ports, session, () => run(session, (ctx) => disableTwoFactor(ctx, staffId, code)));
}

/** New recovery codes in place of the old ones; needs both factors. */
export async function replaceRecoveryCodes(
  run: Run,
  ports: Ports,
  session: Session,
  { password, code }: TwoFactorProof,
): Promise<RecoveryCodesShown> {
  const { staffId } = await confirmPassword(run, ports, session, { password, pointer: '/password' });
  return counted(ports, session, () => run(session, (ctx) => renewRecoveryCodes(ctx, staffId, code)));
}

/** The counter of codes is one for a person, wherever they type them. */
export const codeCounter = (companyId: string, staffId: string): string => subjectKey('code', companyId, staffId);

async function counted<T>({ attempts }: Ports, session: Session, work: () => Promise<T>): Promise<T> {
  const counter = codeCounter(session.companyId, staffIdOf(session));
  await attempts.consume('mfa', counter);
  const result = await work();
  await attempts.forgive('mfa', counter);
  return result;
}
