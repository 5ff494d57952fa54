import type { Run, Session } from '../../kernel/ctx.ts';
import { workInParts } from '../../kernel/idempotency.ts';
import type { NewRedelivery, RedeliveryView } from './redeliveries.contract.ts';
import { countRedeliveries, noteRedeliveries, putBack, type Span } from './redeliveries.service.ts';

/**
 * Sends deliveries of an endpoint again: those that failed, or everything since a time with what it never got. Counted
 * first; then a share after the other. Broken off half-way, the shares before stay; sent again, what they put back is on
 * its way and is left alone. Throws as `countRedeliveries` and `putBack`.
 */
export async function redeliverMany(run: Run, session: Session, wish: NewRedelivery): Promise<RedeliveryView> {
  const { endpointId, dryRun } = wish;
  if (dryRun) {
    const { count } = await run(session, (ctx) => countRedeliveries(ctx, wish));
    return { endpointId, dryRun, count };
  }
  return workInParts(run, session, async ({ first, next, last }) => {
    const { span } = await run(first, (ctx) => countRedeliveries(ctx, wish));
    const count = await putAllBack(run, next, wish, span);
    return run(last, async (ctx) => {
      noteRedeliveries(ctx, wish, count);
      return { endpointId, dryRun, count };
    });
  });
}

async function putAllBack(run: Run, session: Session, wish: NewRedelivery, whole: Span): Promise<number> {
  const batch = { ...session, isBatch: true };
  let count = 0;
  for (let span: Span | undefined = whole; span; ) {
    const share: Span = span;
    const step = await run(batch, (ctx) => putBack(ctx, wish, share));
    count += step.count;
    span = step.rest;
  }
  return count;
}
