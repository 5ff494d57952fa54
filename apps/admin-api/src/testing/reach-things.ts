import type { Ctx, Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { announce, recordSent, takeDue } from '@souk/domain/reach/notifications/notifications.service';
import { sendTestEvent } from '@souk/domain/reach/webhooks/test-events.service';
import { newEndpoint } from '@souk/domain/reach/webhooks/webhook-endpoints.contract';
import { createEndpoint } from '@souk/domain/reach/webhooks/webhook-endpoints.service';
import { orderPaid } from '@souk/domain/sales/orders/orders.events';

/** A webhook endpoint and what is on its way to it, and a mail, by the prefix of its id. */
export const givenReachThings = (run: Run, system: Session) =>
  run(system, async (ctx) => {
    const wish = newEndpoint.parse({ url: 'https://erp.example.com/souk', events: ['order.paid'] });
    const { id: wep } = await createEndpoint(ctx, wish);
    const { eventId: evt, deliveryId: whd } = await sendTestEvent(ctx, wep, {});
    if (!whd) throw new Error('Nothing is on its way');
    return { wep, whd, evt, ntf: await givenMail(ctx, evt) };
  });

/** A mail that went out, and can be sent again. */
async function givenMail(ctx: Ctx, eventId: Id<'evt'>): Promise<Id<'ntf'>> {
  const { type, sample: data } = orderPaid;
  const event = { id: eventId, type, data, aggregateId: 'x', sequence: 1, createdAt: ctx.now.toISOString() };
  await announce(ctx, [{ ...event, isTest: false, endpointId: null, privately: () => undefined }]);
  const [mail] = await takeDue(ctx, 1);
  if (!mail) throw new Error('Nobody is written to');
  await recordSent(ctx, mail);
  return mail.id;
}
