import { Body, Controller, Delete, Get, Headers, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { can } from '@souk/domain/pricing/shipping/shipping.access';
import {
  newShippingZone,
  shippingZonePatch,
  shippingZonesPage,
  shippingZonesQuery,
  shippingZoneView,
} from '@souk/domain/pricing/shipping/zones.contract';
import {
  createShippingZone,
  deleteShippingZone,
  getShippingZone,
  listShippingZones,
  updateShippingZone,
} from '@souk/domain/pricing/shipping/zones.service';
import { Allow, Says } from '@souk/platform/http/allow';
import { dtoOf, idParam, ZodResponse } from '@souk/platform/http/contract-class';
import { expectedVersion } from '@souk/platform/http/if-match';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class ShippingZoneDto extends dtoOf(shippingZoneView) {}
class ShippingZonesPageDto extends dtoOf(shippingZonesPage) {}
class ShippingZonesQueryDto extends dtoOf(shippingZonesQuery) {}
class NewShippingZoneDto extends dtoOf(newShippingZone) {}
class ShippingZonePatchDto extends dtoOf(shippingZonePatch) {}

const shippingZoneId = () => Param('id', idParam('shz'));

/** Where some options deliver to. A zone with options is not deleted. */
@Controller('v1/shipping-zones')
export class ShippingZonesController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get()
  @Says('List places goods are sent to')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: ShippingZonesPageDto })
  list(@CurrentSession() session: Session, @Query() query: ShippingZonesQueryDto) {
    return this.run(session, (ctx) => listShippingZones(ctx, query));
  }

  @Get(':id')
  @Says('Show a place goods are sent to')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: ShippingZoneDto })
  show(@CurrentSession() session: Session, @shippingZoneId() id: Id<'shz'>) {
    return this.run(session, (ctx) => getShippingZone(ctx, id));
  }

  @Post()
  @Says('Add a place goods are sent to')
  @Allow(can.write)
  @ZodResponse({ status: 201, type: ShippingZoneDto })
  create(@CurrentSession() session: Session, @Body() body: NewShippingZoneDto) {
    return this.run(session, (ctx) => createShippingZone(ctx, body));
  }

  @Patch(':id')
  @Says('Change a place goods are sent to')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: ShippingZoneDto })
  update(
    @CurrentSession() session: Session,
    @shippingZoneId() id: Id<'shz'>,
    @Body() body: ShippingZonePatchDto,
    @Headers('if-match') ifMatch: string | undefined,
  ) {
    return this.run(session, (ctx) => updateShippingZone(ctx, id, body, expectedVersion(ifMatch)));
  }

  @Delete(':id')
  @Says('Delete a place goods are sent to')
  @Allow(can.write)
  @HttpCode(204)
  async delete(
    @CurrentSession() session: Session,
    @shippingZoneId() id: Id<'shz'>,
    @Headers('if-match') ifMatch: string | undefined,
  ): Promise<void> {
    await this.run(session, (ctx) => deleteShippingZone(ctx, id, expectedVersion(ifMatch)));
  }
}
