import { Body, Controller, Inject, Post } from '@nestjs/common';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import { newTestEvent, testEventView } from '@souk/domain/reach/webhooks/test-events.contract';
import { announceTestEvent } from '@souk/domain/reach/webhooks/test-events.service';
import { can } from '@souk/domain/reach/webhooks/webhooks.access';
import { Allow, Says } from '@souk/platform/http/allow';
import { dtoOf, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class NewTestEventDto extends dtoOf(newTestEvent) {}
class TestEventDto extends dtoOf(testEventView) {}

/** Made-up events, to try receivers with. Nothing has happened, and nobody is written to. */
@Controller('v1/test-events')
export class TestEventsController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  /** It carries `"test": true`. */
  @Post()
  @Says('Send a made-up event to all webhook endpoints that want its type')
  @Allow(can.write)
  @ZodResponse({ status: 202, type: TestEventDto })
  create(@CurrentSession() session: Session, @Body() body: NewTestEventDto) {
    return this.run(session, (ctx) => announceTestEvent(ctx, body));
  }
}
