import { Controller, Get, Query } from '@nestjs/common';
import { can } from '@souk/domain/reach/event-log/event-log.access';
import { eventTypesPage, eventTypesQuery } from '@souk/domain/reach/event-log/event-log.contract';
import { listEventTypes } from '@souk/domain/reach/event-log/event-types';
import { Allow } from '@souk/platform/http/allow';
import { dtoOf, ZodResponse } from '@souk/platform/http/contract-class';

class EventTypesPageDto extends dtoOf(eventTypesPage) {}
class EventTypesQueryDto extends dtoOf(eventTypesQuery) {}

/** Every kind of event there is, with its schema and a sample. */
@Controller('v1/event-types')
export class EventTypesController {
  @Get()
  @Allow(can.read)
  @ZodResponse({ status: 200, type: EventTypesPageDto })
  list(@Query() query: EventTypesQueryDto) {
    return listEventTypes(query);
  }
}
