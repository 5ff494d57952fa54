import { lookingOnly, type Run, type Session } from '../../kernel/ctx.ts';
import { InvalidInput } from '../../kernel/errors.ts';
import { refuseClaimed } from '../../kernel/idempotency.ts';
import type { Id } from '../../kernel/ids.ts';
import type { EndpointMade, EndpointPatch, EndpointView, NewEndpoint } from './webhook-endpoints.contract.ts';
import { createEndpoint, getEndpoint, updateEndpoint } from './webhook-endpoints.service.ts';
import type { WebhookSender } from './webhook-sender.ts';

/** What making an endpoint needs of the port. */
export type AddressCheck = Pick<WebhookSender, 'refusal'>;

/** Makes an endpoint, once its address is one that may be asked. Throws `InvalidInput`, and as `createEndpoint`. */
export async function addEndpoint(
  run: Run,
  sender: AddressCheck,
  session: Session,
  input: NewEndpoint,
): Promise<EndpointMade> {
  const { idempotency } = session;
  // A repeated request gets its answer, whatever became of the name meanwhile.
  if (idempotency) await run(lookingOnly(session), (ctx) => refuseClaimed(ctx.tx, session, idempotency));
  await refuseAddress(sender, input.url);
  return run(session, (ctx) => createEndpoint(ctx, input));
}

/**
 * Changes an endpoint; a new address is one that may be asked. Throws `InvalidInput`, and as `updateEndpoint`.
 */
export async function changeEndpoint(
  run: Run,
  sender: AddressCheck,
  session: Session,
  id: Id<'wep'>,
  patch: EndpointPatch,
  expectedVersion?: number,
): Promise<EndpointView> {
  const { url } = await run(lookingOnly(session), (ctx) => getEndpoint(ctx, id));
  if (patch.url !== undefined && patch.url !== url) await refuseAddress(sender, patch.url);
  return run(session, (ctx) => updateEndpoint(ctx, id, patch, expectedVersion));
}

/** Outside of every transaction: a name is looked up. Attempts look again, for names change. */
async function refuseAddress(sender: AddressCheck, url: string): Promise<void> {
  const message = await sender.refusal(url);
  if (message !== undefined) throw new InvalidInput({ pointer: '/url', code: 'url_refused', message });
}
