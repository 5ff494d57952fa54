import type { Run, Session } from '../../kernel/ctx.ts';
import { type CompanyId, type Id, idOf } from '../../kernel/ids.ts';
import type { Gateways } from './gateway.ts';
import { isOutOfReach } from './gateway-reach.ts';
import {
  endNotice,
  hookSecret,
  leaseNotice,
  noSuchHook,
  putOffNotice,
  storeNotice,
  type TakenNotice,
} from './notices.service.ts';
import { credentialsOf } from './payment-means.service.ts';
import { HookUnsigned } from './payments.errors.ts';
import { leaseRefundsOf } from './refund-sending.service.ts';
import { followRefund } from './refunds.flow.ts';
import { settle } from './settlement.service.ts';

const companyIdForm = idOf('com');

/** A webhook as it came. */
export interface IncomingHook {
  readonly companyId: string;
  readonly provider: string;
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly requestId: string;
}

/**
 * Takes a webhook in: proves its signature with the key of the company its address names, stores it, and that is all; what
 * it says is asked of the provider later. Throws `NotFound` for an address nobody has and `HookUnsigned`; of neither is
 * anything kept.
 */
export async function receiveHook(run: Run, gateways: Gateways, hook: IncomingHook): Promise<void> {
  const { companyId } = hook;
  const gateway = [...gateways.values()].find(({ provider }) => provider === hook.provider);
  if (!gateway || !companyIdForm.safeParse(companyId).success) throw noSuchHook();
  const session: Session = {
    companyId: companyId as CompanyId, // its form was just proved
    actor: { type: 'nobody', id: 'nobody' },
    permissions: new Set(),
    requestId: hook.requestId,
  };
  const secretKey = await run(session, (ctx) => hookSecret(ctx, gateway.provider));
  const reading = gateway.readHook({ secretKey }, hook.body, hook.headers);
  if (!reading) throw new HookUnsigned();
  await run(session, (ctx) => storeNotice(ctx, gateway.provider, hook.body, reading));
}

/**
 * Deals with the company's next notice: whatever it says, the provider's own query decides. Says whether there was one.
 */
export async function workOnNotice(run: Run, gateways: Gateways, session: Session): Promise<boolean> {
  const notice = await run(session, leaseNotice);
  if (!notice) return false;
  const { attemptId, reference, mode } = notice;
  if (!attemptId || reference === null || mode === null) {
    await run(session, (ctx) => endNotice(ctx, notice, 'ignored', 'It names no attempt of ours.'));
    return true;
  }
  try {
    if (notice.type.startsWith('refund.')) await followRefunds(run, gateways, session, notice, attemptId);
    else await settleNotice(run, gateways, session, notice, { reference, mode });
  } catch (error) {
    if (!isOutOfReach(error)) throw error;
    await run(session, (ctx) => putOffNotice(ctx, notice, error.message));
  }
  return true;
}

async function settleNotice(
  run: Run,
  gateways: Gateways,
  session: Session,
  notice: TakenNotice,
  { reference, mode }: { reference: string; mode: 'live' | 'test' },
): Promise<void> {
  const { provider } = notice;
  const credentials = await run(session, (ctx) => credentialsOf(ctx, provider, mode));
  const facts = await gateways.get(provider)?.verify(credentials, reference);
  if (!facts) throw new Error(`There is no gateway for ${provider}`);
  await run(session, (ctx) => settle(ctx, { provider, reference, facts, source: 'hook', noticeId: notice.id }));
}

/** Notices of refunds mostly name the charge alone: every open refund of it is asked about. */
async function followRefunds(
  run: Run,
  gateways: Gateways,
  session: Session,
  notice: TakenNotice,
  attemptId: Id<'patt'>,
): Promise<void> {
  const open = await run(session, (ctx) => leaseRefundsOf(ctx, attemptId));
  for (const refund of open) await followRefund(run, gateways, session, refund, 'hook');
  await run(session, (ctx) => endNotice(ctx, notice, 'done'));
}
