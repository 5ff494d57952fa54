import { Body, Controller, Delete, Get, Headers, Inject, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { changeProduct, setTranslation } from '@souk/domain/catalog/product-management/product-changes.flow';
import { copyProductNamed, createProductNamed } from '@souk/domain/catalog/product-management/product-creation.flow';
import { productsPage, productsQuery } from '@souk/domain/catalog/product-management/product-list.contract';
import { listProducts } from '@souk/domain/catalog/product-management/product-list.service';
import {
  newProduct,
  productCopy,
  productPatch,
  productView,
  publicationInput,
  rejectionInput,
  translationInput,
} from '@souk/domain/catalog/product-management/product-management.contract';
import {
  approveProduct,
  archiveProduct,
  publishProduct,
  rejectProduct,
  untranslateProduct,
  withdrawProduct,
} from '@souk/domain/catalog/product-management/product-management.service';
import { getProduct } from '@souk/domain/catalog/product-management/product-views.service';
import { can } from '@souk/domain/catalog/products/products.access';
import { localeTag } from '@souk/domain/catalog/products/products.contract';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { Allow } from '@souk/platform/http/allow';
import { dtoOf, idParam, pathParam, ZodResponse } from '@souk/platform/http/contract-class';
import { expectedVersion } from '@souk/platform/http/if-match';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class ProductDto extends dtoOf(productView) {}
class ProductsPageDto extends dtoOf(productsPage) {}
class ProductsQueryDto extends dtoOf(productsQuery) {}
class NewProductDto extends dtoOf(newProduct) {}
class ProductPatchDto extends dtoOf(productPatch) {}
class ProductCopyDto extends dtoOf(productCopy) {}
class PublicationDto extends dtoOf(publicationInput) {}
class RejectionDto extends dtoOf(rejectionInput) {}
class TranslationDto extends dtoOf(translationInput) {}

/** What the shop sells, in whatever standing. */
@Controller('v1/products')
export class ProductsController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get()
  @Allow(can.read)
  @ZodResponse({ status: 200, type: ProductsPageDto })
  list(@CurrentSession() session: Session, @Query() query: ProductsQueryDto) {
    return this.run(session, (ctx) => listProducts(ctx, query));
  }

  @Get(':id')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: ProductDto })
  show(@CurrentSession() session: Session, @Param('id', idParam('prod')) id: Id<'prod'>) {
    return this.run(session, (ctx) => getProduct(ctx, id));
  }

  @Post()
  @Allow(can.write)
  @ZodResponse({ status: 201, type: ProductDto })
  create(@CurrentSession() session: Session, @Body() body: NewProductDto) {
    return createProductNamed(this.run, session, body);
  }

  @Patch(':id')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: ProductDto })
  update(
    @CurrentSession() session: Session,
    @Param('id', idParam('prod')) id: Id<'prod'>,
    @Body() body: ProductPatchDto,
    @Headers('if-match') ifMatch: string | undefined,
  ) {
    return changeProduct(this.run, session, id, body, expectedVersion(ifMatch));
  }

  @Post(':id/publication')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: ProductDto })
  publish(
    @CurrentSession() session: Session,
    @Param('id', idParam('prod')) id: Id<'prod'>,
    @Body() body: PublicationDto,
    @Headers('if-match') ifMatch: string | undefined,
  ) {
    return this.run(session, (ctx) => publishProduct(ctx, id, body, expectedVersion(ifMatch)));
  }

  /** Takes it off the shop: a draft again. */
  @Post(':id/withdrawal')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: ProductDto })
  withdraw(
    @CurrentSession() session: Session,
    @Param('id', idParam('prod')) id: Id<'prod'>,
    @Headers('if-match') ifMatch: string | undefined,
  ) {
    return this.run(session, (ctx) => withdrawProduct(ctx, id, expectedVersion(ifMatch)));
  }

  @Post(':id/archival')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: ProductDto })
  archive(
    @CurrentSession() session: Session,
    @Param('id', idParam('prod')) id: Id<'prod'>,
    @Headers('if-match') ifMatch: string | undefined,
  ) {
    return this.run(session, (ctx) => archiveProduct(ctx, id, expectedVersion(ifMatch)));
  }

  @Post(':id/approval')
  @Allow(can.approve)
  @ZodResponse({ status: 200, type: ProductDto })
  approve(
    @CurrentSession() session: Session,
    @Param('id', idParam('prod')) id: Id<'prod'>,
    @Headers('if-match') ifMatch: string | undefined,
  ) {
    return this.run(session, (ctx) => approveProduct(ctx, id, expectedVersion(ifMatch)));
  }

  @Post(':id/rejection')
  @Allow(can.approve)
  @ZodResponse({ status: 200, type: ProductDto })
  reject(
    @CurrentSession() session: Session,
    @Param('id', idParam('prod')) id: Id<'prod'>,
    @Body() body: RejectionDto,
    @Headers('if-match') ifMatch: string | undefined,
  ) {
    return this.run(session, (ctx) => rejectProduct(ctx, id, body, expectedVersion(ifMatch)));
  }

  @Post(':id/copies')
  @Allow(can.write)
  @ZodResponse({ status: 201, type: ProductDto })
  copy(@CurrentSession() session: Session, @Param('id', idParam('prod')) id: Id<'prod'>, @Body() body: ProductCopyDto) {
    return copyProductNamed(this.run, session, id, body);
  }

  @Put(':id/translations/:locale')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: ProductDto })
  translate(
    @CurrentSession() session: Session,
    @Param('id', idParam('prod')) id: Id<'prod'>,
    @Param('locale', pathParam(localeTag)) locale: string,
    @Body() body: TranslationDto,
    @Headers('if-match') ifMatch: string | undefined,
  ) {
    return setTranslation(this.run, session, id, locale, body, expectedVersion(ifMatch));
  }

  @Delete(':id/translations/:locale')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: ProductDto })
  untranslate(
    @CurrentSession() session: Session,
    @Param('id', idParam('prod')) id: Id<'prod'>,
    @Param('locale', pathParam(localeTag)) locale: string,
  ) {
    return this.run(session, (ctx) => untranslateProduct(ctx, id, locale));
  }
}
