import { Body, Controller, Get, Inject, Param, Post, Query } from '@nestjs/common';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { newRedelivery, redeliveryView } from '@souk/domain/reach/webhooks/redeliveries.contract';
import { redeliverMany } from '@souk/domain/reach/webhooks/redeliveries.flow';
import {
  deliveriesPage,
  deliveriesQuery,
  deliveryDetails,
  deliveryView,
} from '@souk/domain/reach/webhooks/webhook-deliveries.contract';
import { getDelivery, listDeliveries, redeliver } from '@souk/domain/reach/webhooks/webhook-deliveries.service';
import { can } from '@souk/domain/reach/webhooks/webhooks.access';
import { Allow, Says } from '@souk/platform/http/allow';
import { dtoOf, idParam, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class WebhookDeliveryDto extends dtoOf(deliveryView) {}
class WebhookDeliveryDetailsDto extends dtoOf(deliveryDetails) {}
class WebhookDeliveriesPageDto extends dtoOf(deliveriesPage) {}
class WebhookDeliveriesQueryDto extends dtoOf(deliveriesQuery) {}
class NewWebhookRedeliveryDto extends dtoOf(newRedelivery) {}
class WebhookRedeliveryDto extends dtoOf(redeliveryView) {}

/** What was sent to whom, and what they answered: the log of thirty days. */
@Controller('v1')
export class WebhookDeliveriesController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get('webhook-deliveries')
  @Says('List webhook deliveries')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: WebhookDeliveriesPageDto })
  list(@CurrentSession() session: Session, @Query() query: WebhookDeliveriesQueryDto) {
    return this.run(session, (ctx) => listDeliveries(ctx, query));
  }

  @Get('webhook-deliveries/:id')
  @Says('Show a webhook delivery with its attempts and what is sent')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: WebhookDeliveryDetailsDto })
  show(@CurrentSession() session: Session, @Param('id', idParam('whd')) id: Id<'whd'>) {
    return this.run(session, (ctx) => getDelivery(ctx, id));
  }

  /** One that waits for its next attempt is sent at once. */
  @Post('webhook-deliveries/:id/redelivery')
  @Says('Send a webhook delivery again')
  @Allow(can.write)
  @ZodResponse({ status: 202, type: WebhookDeliveryDto })
  redeliver(@CurrentSession() session: Session, @Param('id', idParam('whd')) id: Id<'whd'>) {
    return this.run(session, (ctx) => redeliver(ctx, id));
  }

  /** Those that failed, or everything since a time, with what the endpoint never got. `dryRun` only counts them. */
  @Post('webhook-redeliveries')
  @Says('Send many webhook deliveries of an endpoint again')
  @Allow(can.write)
  @ZodResponse({ status: 202, type: WebhookRedeliveryDto })
  redeliverMany(@CurrentSession() session: Session, @Body() body: NewWebhookRedeliveryDto) {
    return redeliverMany(this.run, session, body);
  }
}
