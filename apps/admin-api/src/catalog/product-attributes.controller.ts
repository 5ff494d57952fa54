import { Body, Controller, Delete, Get, Headers, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import {
  attributePatch,
  attributesPage,
  attributesQuery,
  attributeView,
  newAttribute,
} from '@souk/domain/catalog/products/attributes.contract';
import {
  createAttribute,
  deleteAttribute,
  getAttribute,
  listAttributes,
  updateAttribute,
} from '@souk/domain/catalog/products/attributes.service';
import { can } from '@souk/domain/catalog/products/products.access';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { Allow } from '@souk/platform/http/allow';
import { dtoOf, idParam, ZodResponse } from '@souk/platform/http/contract-class';
import { expectedVersion } from '@souk/platform/http/if-match';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class ProductAttributeDto extends dtoOf(attributeView) {}
class ProductAttributesPageDto extends dtoOf(attributesPage) {}
class ProductAttributesQueryDto extends dtoOf(attributesQuery) {}
class NewProductAttributeDto extends dtoOf(newAttribute) {}
class ProductAttributePatchDto extends dtoOf(attributePatch) {}

/** Which typed facts products may have: material, screen size, washable. */
@Controller('v1/product-attributes')
export class ProductAttributesController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get()
  @Allow(can.read)
  @ZodResponse({ status: 200, type: ProductAttributesPageDto })
  list(@CurrentSession() session: Session, @Query() query: ProductAttributesQueryDto) {
    return this.run(session, (ctx) => listAttributes(ctx, query));
  }

  @Get(':id')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: ProductAttributeDto })
  show(@CurrentSession() session: Session, @Param('id', idParam('attr')) id: Id<'attr'>) {
    return this.run(session, (ctx) => getAttribute(ctx, id));
  }

  @Post()
  @Allow(can.write)
  @ZodResponse({ status: 201, type: ProductAttributeDto })
  create(@CurrentSession() session: Session, @Body() body: NewProductAttributeDto) {
    return this.run(session, (ctx) => createAttribute(ctx, body));
  }

  @Patch(':id')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: ProductAttributeDto })
  update(
    @CurrentSession() session: Session,
    @Param('id', idParam('attr')) id: Id<'attr'>,
    @Body() body: ProductAttributePatchDto,
    @Headers('if-match') ifMatch: string | undefined,
  ) {
    return this.run(session, (ctx) => updateAttribute(ctx, id, body, expectedVersion(ifMatch)));
  }

  @Delete(':id')
  @Allow(can.write)
  @HttpCode(204)
  async delete(@CurrentSession() session: Session, @Param('id', idParam('attr')) id: Id<'attr'>): Promise<void> {
    await this.run(session, (ctx) => deleteAttribute(ctx, id));
  }
}
