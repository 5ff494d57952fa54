import { Readable } from 'node:stream';
import { Controller, Get, Header, Headers, Inject, Param, Query, StreamableFile } from '@nestjs/common';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { can } from '@souk/domain/reach/event-log/event-log.access';
import { eventStreamQuery, eventsPage, eventsQuery, eventView } from '@souk/domain/reach/event-log/event-log.contract';
import { WATCHING, watchEvents } from '@souk/domain/reach/event-log/event-log.flow';
import { getEvent, listEvents } from '@souk/domain/reach/event-log/event-log.service';
import type { ApiConfig } from '@souk/platform/config';
import type { Readiness } from '@souk/platform/health';
import { Allow } from '@souk/platform/http/allow';
import { dtoOf, FileResponse, idParam, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { CONFIG, READINESS, RUN } from '@souk/platform/tokens';

class EventDto extends dtoOf(eventView) {}
class EventsPageDto extends dtoOf(eventsPage) {}
class EventsQueryDto extends dtoOf(eventsQuery) {}
class EventStreamQueryDto extends dtoOf(eventStreamQuery) {}

/** What happened in the company, for thirty days: the same events that webhooks carry. */
@Controller('v1/events')
export class EventsController {
  constructor(
    @Inject(RUN) private readonly run: Run,
    @Inject(CONFIG) private readonly config: ApiConfig,
    @Inject(READINESS) private readonly readiness: Readiness,
  ) {}

  @Get()
  @Allow(can.read)
  @ZodResponse({ status: 200, type: EventsPageDto })
  list(@CurrentSession() session: Session, @Query() query: EventsQueryDto) {
    return this.run(session, (ctx) => listEvents(ctx, query));
  }

  /**
   * Events as they happen, at least once each: `id` the event's, `event` its type, `data` what the body of a webhook would
   * be. It ends after ten minutes; connect again with `Last-Event-ID`.
   */
  @Get('stream')
  @Allow(can.read)
  @Header('X-Accel-Buffering', 'no')
  @FileResponse({ type: 'text/event-stream', description: 'Server-sent events, named by the types of our events.' })
  watch(
    @CurrentSession() session: Session,
    @Query() query: EventStreamQueryDto,
    @Headers('last-event-id') lastEventId: string | undefined,
  ) {
    const watching = { ...WATCHING, lifeMs: this.config.EVENT_STREAM_SECONDS * 1_000 };
    const isStopping = () => this.readiness.isStopping;
    const told = watchEvents(this.run, session, { types: query.types, lastEventId }, { watching, isStopping });
    const stream = Readable.from(told);
    // Whoever does not read would keep the connection, and the process from stopping.
    told.over.addEventListener('abort', () => stream.destroy());
    return new StreamableFile(stream, { type: 'text/event-stream' });
  }

  @Get(':id')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: EventDto })
  show(@CurrentSession() session: Session, @Param('id', idParam('evt')) id: Id<'evt'>) {
    return this.run(session, (ctx) => getEvent(ctx, id));
  }
}
