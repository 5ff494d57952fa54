import { Body, Controller, Delete, Get, Headers, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import { can } from '@souk/domain/catalog/categories/categories.access';
import {
  categoriesPage,
  categoriesQuery,
  categoryPatch,
  categoryView,
  newCategory,
} from '@souk/domain/catalog/categories/categories.contract';
import { createCategory, getCategory } from '@souk/domain/catalog/categories/categories.service';
import {
  changeCategory,
  removeCategory,
  showCategories,
} from '@souk/domain/catalog/collections/category-changes.service';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { Allow } from '@souk/platform/http/allow';
import { dtoOf, idParam, ZodResponse } from '@souk/platform/http/contract-class';
import { expectedVersion } from '@souk/platform/http/if-match';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class CategoryDto extends dtoOf(categoryView) {}
class CategoriesPageDto extends dtoOf(categoriesPage) {}
class CategoriesQueryDto extends dtoOf(categoriesQuery) {}
class NewCategoryDto extends dtoOf(newCategory) {}
class CategoryPatchDto extends dtoOf(categoryPatch) {}

/** A tree of shelves. */
@Controller('v1/categories')
export class CategoriesController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get()
  @Allow(can.read)
  @ZodResponse({ status: 200, type: CategoriesPageDto })
  list(@CurrentSession() session: Session, @Query() query: CategoriesQueryDto) {
    return this.run(session, (ctx) => showCategories(ctx, query));
  }

  @Get(':id')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: CategoryDto })
  show(@CurrentSession() session: Session, @Param('id', idParam('cat')) id: Id<'cat'>) {
    return this.run(session, (ctx) => getCategory(ctx, id));
  }

  @Post()
  @Allow(can.write)
  @ZodResponse({ status: 201, type: CategoryDto })
  create(@CurrentSession() session: Session, @Body() body: NewCategoryDto) {
    return this.run(session, (ctx) => createCategory(ctx, body));
  }

  @Patch(':id')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: CategoryDto })
  update(
    @CurrentSession() session: Session,
    @Param('id', idParam('cat')) id: Id<'cat'>,
    @Body() body: CategoryPatchDto,
    @Headers('if-match') ifMatch: string | undefined,
  ) {
    return this.run(session, (ctx) => changeCategory(ctx, id, body, expectedVersion(ifMatch)));
  }

  @Delete(':id')
  @Allow(can.write)
  @HttpCode(204)
  async delete(@CurrentSession() session: Session, @Param('id', idParam('cat')) id: Id<'cat'>): Promise<void> {
    await this.run(session, (ctx) => removeCategory(ctx, id));
  }
}
