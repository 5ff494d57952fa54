import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Inject,
  Param,
  Patch,
  Post,
  Put,
  Query,
} from '@nestjs/common';
import {
  addProducts,
  listMembers,
  removeProduct,
  setExclusions,
  setPins,
  setProducts,
} from '@souk/domain/catalog/collections/collection-products.service';
import { can } from '@souk/domain/catalog/collections/collections.access';
import {
  addedProducts,
  collectionPatch,
  collectionProducts,
  collectionsPage,
  collectionsQuery,
  collectionView,
  memberCount,
  membersPage,
  membersQuery,
  newCollection,
  pinnedProducts,
  rulePreview,
  rulePreviewView,
} from '@souk/domain/catalog/collections/collections.contract';
import {
  createCollection,
  deleteCollection,
  getCollection,
  listCollections,
  updateCollection,
} from '@souk/domain/catalog/collections/collections.service';
import { previewRules } from '@souk/domain/catalog/collections/rule-previews.service';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { Allow } from '@souk/platform/http/allow';
import { dtoOf, idParam, ZodResponse } from '@souk/platform/http/contract-class';
import { expectedVersion } from '@souk/platform/http/if-match';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class CollectionDto extends dtoOf(collectionView) {}
class CollectionsPageDto extends dtoOf(collectionsPage) {}
class CollectionsQueryDto extends dtoOf(collectionsQuery) {}
class NewCollectionDto extends dtoOf(newCollection) {}
class CollectionPatchDto extends dtoOf(collectionPatch) {}
class CollectionProductsDto extends dtoOf(collectionProducts) {}
class AddedProductsDto extends dtoOf(addedProducts) {}
class PinnedProductsDto extends dtoOf(pinnedProducts) {}
class CollectionMembersPageDto extends dtoOf(membersPage) {}
class CollectionMembersQueryDto extends dtoOf(membersQuery) {}
class CollectionMemberCountDto extends dtoOf(memberCount) {}
class RulePreviewDto extends dtoOf(rulePreview) {}
class RulePreviewOutcomeDto extends dtoOf(rulePreviewView) {}

const collectionId = () => Param('id', idParam('col'));

/** Products shown together: chosen and ordered by hand, or found by rules. */
@Controller('v1/collections')
export class CollectionsController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get()
  @Allow(can.read)
  @ZodResponse({ status: 200, type: CollectionsPageDto })
  list(@CurrentSession() session: Session, @Query() query: CollectionsQueryDto) {
    return this.run(session, (ctx) => listCollections(ctx, query));
  }

  @Post('rule-previews')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: RulePreviewOutcomeDto })
  preview(@CurrentSession() session: Session, @Body() body: RulePreviewDto) {
    return this.run(session, (ctx) => previewRules(ctx, body));
  }

  @Get(':id')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: CollectionDto })
  show(@CurrentSession() session: Session, @collectionId() id: Id<'col'>) {
    return this.run(session, (ctx) => getCollection(ctx, id));
  }

  @Post()
  @Allow(can.write)
  @ZodResponse({ status: 201, type: CollectionDto })
  create(@CurrentSession() session: Session, @Body() body: NewCollectionDto) {
    return this.run(session, (ctx) => createCollection(ctx, body));
  }

  @Patch(':id')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: CollectionDto })
  update(
    @CurrentSession() session: Session,
    @collectionId() id: Id<'col'>,
    @Body() body: CollectionPatchDto,
    @Headers('if-match') ifMatch: string | undefined,
  ) {
    return this.run(session, (ctx) => updateCollection(ctx, id, body, expectedVersion(ifMatch)));
  }

  @Delete(':id')
  @Allow(can.write)
  @HttpCode(204)
  async delete(@CurrentSession() session: Session, @collectionId() id: Id<'col'>): Promise<void> {
    await this.run(session, (ctx) => deleteCollection(ctx, id));
  }

  @Get(':id/products')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: CollectionMembersPageDto })
  members(
    @CurrentSession() session: Session,
    @collectionId() id: Id<'col'>,
    @Query() query: CollectionMembersQueryDto,
  ) {
    return this.run(session, (ctx) => listMembers(ctx, id, query));
  }

  @Put(':id/products')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: CollectionMemberCountDto })
  setProducts(@CurrentSession() session: Session, @collectionId() id: Id<'col'>, @Body() body: CollectionProductsDto) {
    return this.run(session, async (ctx) => ({ count: await setProducts(ctx, id, body) }));
  }

  @Post(':id/products')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: CollectionMemberCountDto })
  addProducts(@CurrentSession() session: Session, @collectionId() id: Id<'col'>, @Body() body: AddedProductsDto) {
    return this.run(session, async (ctx) => ({ count: await addProducts(ctx, id, body) }));
  }

  @Delete(':id/products/:productId')
  @Allow(can.write)
  @HttpCode(204)
  async removeProduct(
    @CurrentSession() session: Session,
    @collectionId() id: Id<'col'>,
    @Param('productId', idParam('prod')) productId: Id<'prod'>,
  ): Promise<void> {
    await this.run(session, (ctx) => removeProduct(ctx, id, productId));
  }

  @Put(':id/pins')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: CollectionMemberCountDto })
  pin(@CurrentSession() session: Session, @collectionId() id: Id<'col'>, @Body() body: PinnedProductsDto) {
    return this.run(session, async (ctx) => ({ count: await setPins(ctx, id, body) }));
  }

  @Put(':id/exclusions')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: CollectionMemberCountDto })
  exclude(@CurrentSession() session: Session, @collectionId() id: Id<'col'>, @Body() body: CollectionProductsDto) {
    return this.run(session, async (ctx) => ({ count: await setExclusions(ctx, id, body) }));
  }
}
