import { Body, Controller, Delete, Get, Headers, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import {
  addProfileProducts,
  listProfileProducts,
  removeProfileProduct,
} from '@souk/domain/pricing/shipping/profile-products.service';
import {
  newShippingProfile,
  profileProducts,
  profileProductsPage,
  profileProductsQuery,
  shippingProfilePatch,
  shippingProfilesPage,
  shippingProfilesQuery,
  shippingProfileView,
} from '@souk/domain/pricing/shipping/profiles.contract';
import {
  createShippingProfile,
  deleteShippingProfile,
  getShippingProfile,
  listShippingProfiles,
  updateShippingProfile,
} from '@souk/domain/pricing/shipping/profiles.service';
import { can } from '@souk/domain/pricing/shipping/shipping.access';
import { Allow, Says } from '@souk/platform/http/allow';
import { dtoOf, idParam, ZodResponse } from '@souk/platform/http/contract-class';
import { expectedVersion } from '@souk/platform/http/if-match';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class ShippingProfileDto extends dtoOf(shippingProfileView) {}
class ShippingProfilesPageDto extends dtoOf(shippingProfilesPage) {}
class ShippingProfilesQueryDto extends dtoOf(shippingProfilesQuery) {}
class NewShippingProfileDto extends dtoOf(newShippingProfile) {}
class ShippingProfilePatchDto extends dtoOf(shippingProfilePatch) {}
class ShippingProfileProductsDto extends dtoOf(profileProducts) {}
class ShippingProfileProductsPageDto extends dtoOf(profileProductsPage) {}
class ShippingProfileProductsQueryDto extends dtoOf(profileProductsQuery) {}

const shippingProfileId = () => Param('id', idParam('shp'));

/** Goods that are sent the same way. Products that are in no profile go by the default one. */
@Controller('v1/shipping-profiles')
export class ShippingProfilesController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get()
  @Says('List groups of goods that are sent alike')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: ShippingProfilesPageDto })
  list(@CurrentSession() session: Session, @Query() query: ShippingProfilesQueryDto) {
    return this.run(session, (ctx) => listShippingProfiles(ctx, query));
  }

  @Get(':id')
  @Says('Show a group of goods that are sent alike')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: ShippingProfileDto })
  show(@CurrentSession() session: Session, @shippingProfileId() id: Id<'shp'>) {
    return this.run(session, (ctx) => getShippingProfile(ctx, id));
  }

  @Post()
  @Says('Add a group of goods that are sent alike')
  @Allow(can.write)
  @ZodResponse({ status: 201, type: ShippingProfileDto })
  create(@CurrentSession() session: Session, @Body() body: NewShippingProfileDto) {
    return this.run(session, (ctx) => createShippingProfile(ctx, body));
  }

  @Patch(':id')
  @Says('Change a group of goods that are sent alike')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: ShippingProfileDto })
  update(
    @CurrentSession() session: Session,
    @shippingProfileId() id: Id<'shp'>,
    @Body() body: ShippingProfilePatchDto,
    @Headers('if-match') ifMatch: string | undefined,
  ) {
    return this.run(session, (ctx) => updateShippingProfile(ctx, id, body, expectedVersion(ifMatch)));
  }

  @Delete(':id')
  @Says('Delete a group of goods that are sent alike')
  @Allow(can.write)
  @HttpCode(204)
  async delete(
    @CurrentSession() session: Session,
    @shippingProfileId() id: Id<'shp'>,
    @Headers('if-match') ifMatch: string | undefined,
  ): Promise<void> {
    await this.run(session, (ctx) => deleteShippingProfile(ctx, id, expectedVersion(ifMatch)));
  }

  @Get(':id/products')
  @Says('List the goods of a group')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: ShippingProfileProductsPageDto })
  products(
    @CurrentSession() session: Session,
    @shippingProfileId() id: Id<'shp'>,
    @Query() query: ShippingProfileProductsQueryDto,
  ) {
    return this.run(session, (ctx) => listProfileProducts(ctx, id, query));
  }

  @Post(':id/products')
  @Says('Put goods into a group')
  @Allow(can.write)
  @HttpCode(204)
  async addProducts(
    @CurrentSession() session: Session,
    @shippingProfileId() id: Id<'shp'>,
    @Body() body: ShippingProfileProductsDto,
  ): Promise<void> {
    await this.run(session, (ctx) => addProfileProducts(ctx, id, body));
  }

  @Delete(':id/products/:productId')
  @Says('Take goods out of a group')
  @Allow(can.write)
  @HttpCode(204)
  async removeProduct(
    @CurrentSession() session: Session,
    @shippingProfileId() id: Id<'shp'>,
    @Param('productId', idParam('prod')) productId: Id<'prod'>,
  ): Promise<void> {
    await this.run(session, (ctx) => removeProfileProduct(ctx, id, productId));
  }
}
