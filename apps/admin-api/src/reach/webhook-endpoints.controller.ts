import { Body, Controller, Delete, Get, Headers, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { endpointTestEvent, testEventView } from '@souk/domain/reach/webhooks/test-events.contract';
import { sendTestEvent } from '@souk/domain/reach/webhooks/test-events.service';
import {
  endpointMade,
  endpointPatch,
  endpointsPage,
  endpointsQuery,
  endpointView,
  newEndpoint,
  secretRotation,
} from '@souk/domain/reach/webhooks/webhook-endpoints.contract';
import { addEndpoint, changeEndpoint } from '@souk/domain/reach/webhooks/webhook-endpoints.flow';
import {
  deleteEndpoint,
  getEndpoint,
  listEndpoints,
  rotateSecret,
} from '@souk/domain/reach/webhooks/webhook-endpoints.service';
import type { WebhookSender } from '@souk/domain/reach/webhooks/webhook-sender';
import { can } from '@souk/domain/reach/webhooks/webhooks.access';
import { Allow, Says } from '@souk/platform/http/allow';
import { dtoOf, idParam, ZodResponse } from '@souk/platform/http/contract-class';
import { expectedVersion } from '@souk/platform/http/if-match';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN, WEBHOOK_SENDER } from '@souk/platform/tokens';

class WebhookEndpointDto extends dtoOf(endpointView) {}
class WebhookEndpointMadeDto extends dtoOf(endpointMade) {}
class WebhookEndpointsPageDto extends dtoOf(endpointsPage) {}
class WebhookEndpointsQueryDto extends dtoOf(endpointsQuery) {}
class NewWebhookEndpointDto extends dtoOf(newEndpoint) {}
class WebhookEndpointPatchDto extends dtoOf(endpointPatch) {}
class SecretRotationDto extends dtoOf(secretRotation) {}
class EndpointTestEventDto extends dtoOf(endpointTestEvent) {}
class TestEventDto extends dtoOf(testEventView) {}

const endpointId = () => Param('id', idParam('wep'));

/** Servers that hear of what happens. A signing secret is shown once, when it is made. */
@Controller('v1/webhook-endpoints')
export class WebhookEndpointsController {
  constructor(
    @Inject(RUN) private readonly run: Run,
    @Inject(WEBHOOK_SENDER) private readonly sender: WebhookSender,
  ) {}

  @Get()
  @Says('List webhook endpoints')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: WebhookEndpointsPageDto })
  list(@CurrentSession() session: Session, @Query() query: WebhookEndpointsQueryDto) {
    return this.run(session, (ctx) => listEndpoints(ctx, query));
  }

  @Get(':id')
  @Says('Show a webhook endpoint')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: WebhookEndpointDto })
  show(@CurrentSession() session: Session, @endpointId() id: Id<'wep'>) {
    return this.run(session, (ctx) => getEndpoint(ctx, id));
  }

  @Post()
  @Says('Add a webhook endpoint')
  @Allow(can.write)
  @ZodResponse({ status: 201, type: WebhookEndpointMadeDto })
  create(@CurrentSession() session: Session, @Body() body: NewWebhookEndpointDto) {
    return addEndpoint(this.run, this.sender, session, body);
  }

  @Patch(':id')
  @Says('Change a webhook endpoint, or switch it on or off')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: WebhookEndpointDto })
  update(
    @CurrentSession() session: Session,
    @endpointId() id: Id<'wep'>,
    @Body() body: WebhookEndpointPatchDto,
    @Headers('if-match') ifMatch: string | undefined,
  ) {
    return changeEndpoint(this.run, this.sender, session, id, body, expectedVersion(ifMatch));
  }

  /** What was on its way ends as failed. The log of its deliveries stays for thirty days. */
  @Delete(':id')
  @Says('Delete a webhook endpoint and forget its secrets')
  @Allow(can.write)
  @HttpCode(204)
  async delete(
    @CurrentSession() session: Session,
    @endpointId() id: Id<'wep'>,
    @Headers('if-match') ifMatch: string | undefined,
  ): Promise<void> {
    await this.run(session, (ctx) => deleteEndpoint(ctx, id, expectedVersion(ifMatch)));
  }

  @Post(':id/secret-rotation')
  @Says('Give a webhook endpoint a new signing secret')
  @Allow(can.write)
  @ZodResponse({ status: 201, type: WebhookEndpointMadeDto })
  rotate(@CurrentSession() session: Session, @endpointId() id: Id<'wep'>, @Body() body: SecretRotationDto) {
    return this.run(session, (ctx) => rotateSecret(ctx, id, body));
  }

  /** It carries `"test": true`. Nothing has happened, and nobody is written to. */
  @Post(':id/test-events')
  @Says('Send a webhook endpoint a made-up event')
  @Allow(can.write)
  @ZodResponse({ status: 202, type: TestEventDto })
  test(@CurrentSession() session: Session, @endpointId() id: Id<'wep'>, @Body() body: EndpointTestEventDto) {
    return this.run(session, (ctx) => sendTestEvent(ctx, id, body));
  }
}
