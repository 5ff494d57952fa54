import { Body, Controller, Get, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import {
  cancelFulfilment,
  deliverFulfilment,
  failFulfilment,
  packFulfilment,
  returnFulfilment,
  sendOutFulfilment,
  shipFulfilment,
} from '@souk/domain/sales/fulfilment/fulfilment-progress.service';
import { getFulfilment, listFulfilments } from '@souk/domain/sales/fulfilment/fulfilment-rows.service';
import { can } from '@souk/domain/sales/fulfilment/fulfilments.access';
import {
  fulfilmentEnding,
  fulfilmentPatch,
  fulfilmentsPage,
  fulfilmentsQuery,
  fulfilmentView,
  newFulfilment,
  newShipment,
} from '@souk/domain/sales/fulfilment/fulfilments.contract';
import { createFulfilment, updateFulfilment } from '@souk/domain/sales/fulfilment/fulfilments.service';
import { Allow, Says } from '@souk/platform/http/allow';
import { dtoOf, idParam, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class FulfilmentDto extends dtoOf(fulfilmentView) {}
class FulfilmentsPageDto extends dtoOf(fulfilmentsPage) {}
class FulfilmentsQueryDto extends dtoOf(fulfilmentsQuery) {}
class NewFulfilmentDto extends dtoOf(newFulfilment) {}
class FulfilmentPatchDto extends dtoOf(fulfilmentPatch) {}
class NewShipmentDto extends dtoOf(newShipment) {}
class FulfilmentEndingDto extends dtoOf(fulfilmentEnding) {}

const fulfilmentId = () => Param('id', idParam('ful'));

/** Goods of orders on their way: packed, shipped, delivered, or come back. */
@Controller('v1')
export class FulfilmentsController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Post('orders/:id/fulfilments')
  @Says('Begin to send goods of an order')
  @Allow(can.write)
  @ZodResponse({ status: 201, type: FulfilmentDto })
  create(
    @CurrentSession() session: Session,
    @Param('id', idParam('ord')) id: Id<'ord'>,
    @Body() body: NewFulfilmentDto,
  ) {
    return this.run(session, (ctx) => createFulfilment(ctx, id, body));
  }

  @Get('fulfilments')
  @Says('List parcels')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: FulfilmentsPageDto })
  list(@CurrentSession() session: Session, @Query() query: FulfilmentsQueryDto) {
    return this.run(session, (ctx) => listFulfilments(ctx, query));
  }

  @Get('fulfilments/:id')
  @Says('Show a parcel')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: FulfilmentDto })
  show(@CurrentSession() session: Session, @fulfilmentId() id: Id<'ful'>) {
    return this.run(session, (ctx) => getFulfilment(ctx, id));
  }

  @Patch('fulfilments/:id')
  @Says('Change the carrier or tracking of a parcel')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: FulfilmentDto })
  update(@CurrentSession() session: Session, @fulfilmentId() id: Id<'ful'>, @Body() body: FulfilmentPatchDto) {
    return this.run(session, (ctx) => updateFulfilment(ctx, id, body));
  }

  @Post('fulfilments/:id/packing')
  @Says('Say that a parcel is packed')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: FulfilmentDto })
  pack(@CurrentSession() session: Session, @fulfilmentId() id: Id<'ful'>) {
    return this.run(session, (ctx) => packFulfilment(ctx, id));
  }

  @Post('fulfilments/:id/shipment')
  @Says('Say that a parcel was handed to its carrier')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: FulfilmentDto })
  ship(@CurrentSession() session: Session, @fulfilmentId() id: Id<'ful'>, @Body() body: NewShipmentDto) {
    return this.run(session, (ctx) => shipFulfilment(ctx, id, body));
  }

  @Post('fulfilments/:id/out-for-delivery')
  @Says('Say that a parcel is out for delivery')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: FulfilmentDto })
  sendOut(@CurrentSession() session: Session, @fulfilmentId() id: Id<'ful'>) {
    return this.run(session, (ctx) => sendOutFulfilment(ctx, id));
  }

  @Post('fulfilments/:id/delivery')
  @Says('Say that a parcel has arrived')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: FulfilmentDto })
  deliver(@CurrentSession() session: Session, @fulfilmentId() id: Id<'ful'>) {
    return this.run(session, (ctx) => deliverFulfilment(ctx, id));
  }

  @Post('fulfilments/:id/failure')
  @Says('Say that a parcel could not be delivered')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: FulfilmentDto })
  fail(@CurrentSession() session: Session, @fulfilmentId() id: Id<'ful'>, @Body() body: FulfilmentEndingDto) {
    return this.run(session, (ctx) => failFulfilment(ctx, id, body));
  }

  @Post('fulfilments/:id/return')
  @Says('Say that a parcel came back')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: FulfilmentDto })
  takeBack(@CurrentSession() session: Session, @fulfilmentId() id: Id<'ful'>, @Body() body: FulfilmentEndingDto) {
    return this.run(session, (ctx) => returnFulfilment(ctx, id, body));
  }

  @Post('fulfilments/:id/cancellation')
  @Says('Cancel a parcel that was not sent')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: FulfilmentDto })
  cancel(@CurrentSession() session: Session, @fulfilmentId() id: Id<'ful'>) {
    return this.run(session, (ctx) => cancelFulfilment(ctx, id));
  }
}
