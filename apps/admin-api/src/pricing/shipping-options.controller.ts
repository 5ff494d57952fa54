import { Body, Controller, Delete, Get, Headers, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import {
  newShippingOption,
  shippingOptionPatch,
  shippingOptionsPage,
  shippingOptionsQuery,
  shippingOptionView,
} from '@souk/domain/pricing/shipping/options.contract';
import {
  createShippingOption,
  deleteShippingOption,
  getShippingOption,
  listShippingOptions,
  updateShippingOption,
} from '@souk/domain/pricing/shipping/options.service';
import { can } from '@souk/domain/pricing/shipping/shipping.access';
import { Allow, Says } from '@souk/platform/http/allow';
import { dtoOf, idParam, ZodResponse } from '@souk/platform/http/contract-class';
import { expectedVersion } from '@souk/platform/http/if-match';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class ShippingOptionDto extends dtoOf(shippingOptionView) {}
class ShippingOptionsPageDto extends dtoOf(shippingOptionsPage) {}
class ShippingOptionsQueryDto extends dtoOf(shippingOptionsQuery) {}
class NewShippingOptionDto extends dtoOf(newShippingOption) {}
class ShippingOptionPatchDto extends dtoOf(shippingOptionPatch) {}

const shippingOptionId = () => Param('id', idParam('sho'));

/** Ways of delivery shoppers choose from. Orders keep what they chose. */
@Controller('v1/shipping-options')
export class ShippingOptionsController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get()
  @Says('List ways of delivery')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: ShippingOptionsPageDto })
  list(@CurrentSession() session: Session, @Query() query: ShippingOptionsQueryDto) {
    return this.run(session, (ctx) => listShippingOptions(ctx, query));
  }

  @Get(':id')
  @Says('Show a way of delivery')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: ShippingOptionDto })
  show(@CurrentSession() session: Session, @shippingOptionId() id: Id<'sho'>) {
    return this.run(session, (ctx) => getShippingOption(ctx, id));
  }

  @Post()
  @Says('Add a way of delivery')
  @Allow(can.write)
  @ZodResponse({ status: 201, type: ShippingOptionDto })
  create(@CurrentSession() session: Session, @Body() body: NewShippingOptionDto) {
    return this.run(session, (ctx) => createShippingOption(ctx, body));
  }

  @Patch(':id')
  @Says('Change a way of delivery')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: ShippingOptionDto })
  update(
    @CurrentSession() session: Session,
    @shippingOptionId() id: Id<'sho'>,
    @Body() body: ShippingOptionPatchDto,
    @Headers('if-match') ifMatch: string | undefined,
  ) {
    return this.run(session, (ctx) => updateShippingOption(ctx, id, body, expectedVersion(ifMatch)));
  }

  @Delete(':id')
  @Says('Delete a way of delivery')
  @Allow(can.write)
  @HttpCode(204)
  async delete(
    @CurrentSession() session: Session,
    @shippingOptionId() id: Id<'sho'>,
    @Headers('if-match') ifMatch: string | undefined,
  ): Promise<void> {
    await this.run(session, (ctx) => deleteShippingOption(ctx, id, expectedVersion(ifMatch)));
  }
}
