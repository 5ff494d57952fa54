import { Body, Controller, Get, Headers, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import { can } from '@souk/domain/catalog/inventory/inventory.access';
import {
  locationPatch,
  locationsPage,
  locationsQuery,
  locationView,
  newLocation,
} from '@souk/domain/catalog/inventory/locations.contract';
import {
  createLocation,
  getLocation,
  listLocations,
  updateLocation,
} from '@souk/domain/catalog/inventory/locations.service';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { Allow } from '@souk/platform/http/allow';
import { dtoOf, idParam, ZodResponse } from '@souk/platform/http/contract-class';
import { expectedVersion } from '@souk/platform/http/if-match';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class StockLocationDto extends dtoOf(locationView) {}
class StockLocationsPageDto extends dtoOf(locationsPage) {}
class StockLocationsQueryDto extends dtoOf(locationsQuery) {}
class NewStockLocationDto extends dtoOf(newLocation) {}
class StockLocationPatchDto extends dtoOf(locationPatch) {}

/** Where goods lie. Never deleted: what lay there is in the ledger. */
@Controller('v1/stock-locations')
export class StockLocationsController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get()
  @Allow(can.read)
  @ZodResponse({ status: 200, type: StockLocationsPageDto })
  list(@CurrentSession() session: Session, @Query() query: StockLocationsQueryDto) {
    return this.run(session, (ctx) => listLocations(ctx, query));
  }

  @Get(':id')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: StockLocationDto })
  show(@CurrentSession() session: Session, @Param('id', idParam('loc')) id: Id<'loc'>) {
    return this.run(session, (ctx) => getLocation(ctx, id));
  }

  @Post()
  @Allow(can.write)
  @ZodResponse({ status: 201, type: StockLocationDto })
  create(@CurrentSession() session: Session, @Body() body: NewStockLocationDto) {
    return this.run(session, (ctx) => createLocation(ctx, body));
  }

  @Patch(':id')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: StockLocationDto })
  update(
    @CurrentSession() session: Session,
    @Param('id', idParam('loc')) id: Id<'loc'>,
    @Body() body: StockLocationPatchDto,
    @Headers('if-match') ifMatch: string | undefined,
  ) {
    return this.run(session, (ctx) => updateLocation(ctx, id, body, expectedVersion(ifMatch)));
  }
}
