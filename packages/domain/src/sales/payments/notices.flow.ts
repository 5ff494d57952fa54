import type { Run, Session } from '../../kernel/ctx.ts';
import { type CompanyId, type Id, idOf } from '../../kernel/ids.ts';
import { eachOf, type Report } from './each-of.ts';
import type { Gateways } from './gateway.ts';
import { isOutOfReach } from './gateway-reach.ts';
import {
  endNotice,
  hookSecret,
  leaseNotices,
  noSuchHook,
  putOffNotice,
  storeNotice,
  type TakenNotice,
} from './notices.service.ts';
import { credentialsOf } from './payment-means.service.ts';
import { HookUnsigned } from './payments.errors.ts';
import { openRefundsOf } from './refund-sending.service.ts';
import { askAboutRefund } from './refunds.flow.ts';
import { settle } from './settlement.service.ts';

const companyIdForm = idOf('com');
/** Of one company. Each asks a provider, which answers within eight seconds; their lease is a minute. */
const NOTICES_AT_ONCE = 5;
const OUR_FAULT = 'It could not be dealt with through a fault of ours; the log of the worker says more.';

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
 * Deals with the company's next notices, side by side: whatever they say, the provider's own query decides. One that
 * fails is put off, and in the end given up; `report` hears of faults of ours. Says whether there were any.
 */
export async function workOnNotice(run: Run, gateways: Gateways, session: Session, report?: Report): Promise<boolean> {
  const notices = await run(session, (ctx) => leaseNotices(ctx, NOTICES_AT_ONCE));
  await eachOf(notices, (notice) => dealWith(run, gateways, session, notice), report);
  return notices.length > 0;
}

async function dealWith(run: Run, gateways: Gateways, session: Session, notice: TakenNotice): Promise<void> {
  const { attemptId, reference, mode } = notice;
  if (!attemptId || reference === null || mode === null)
    return run(session, (ctx) => endNotice(ctx, notice, 'ignored', 'It names no attempt of ours.'));
  try {
    if (notice.type.startsWith('refund.')) await askAboutRefunds(run, gateways, session, notice, attemptId);
    else await settleNotice(run, gateways, session, notice, { reference, mode });
  } catch (error) {
    const isAway = isOutOfReach(error);
    await run(session, (ctx) => putOffNotice(ctx, notice, isAway ? error.message : OUR_FAULT));
    if (!isAway) throw error;
  }
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
async function askAboutRefunds(
  run: Run,
  gateways: Gateways,
  session: Session,
  notice: TakenNotice,
  attemptId: Id<'patt'>,
): Promise<void> {
  const open = await run(session, (ctx) => openRefundsOf(ctx, attemptId));
  await eachOf(open, (refund) => askAboutRefund(run, gateways, session, refund));
  await run(session, (ctx) => endNotice(ctx, notice, 'done'));
}
