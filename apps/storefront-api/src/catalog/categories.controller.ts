import { Controller, Get, Inject } from '@nestjs/common';
import { listingScope } from '@souk/domain/catalog/listing/listing.access';
import { categoryListView } from '@souk/domain/catalog/listing/listing.contract';
import { listCategories } from '@souk/domain/catalog/listing/listing.service';
import type { Session } from '@souk/domain/kernel/ctx';
import { Scope } from '@souk/platform/http/allow';
import { CacheableResponse } from '@souk/platform/http/cacheable';
import { dtoOf } from '@souk/platform/http/contract-class';
import { FastLane } from '@souk/platform/http/fast-lane';
import type { StorefrontReads } from '@souk/platform/storefront-reads';
import { STOREFRONT_READS } from '@souk/platform/tokens';
import type { FastifyReply, FastifyRequest } from 'fastify';

class ShownCategoriesDto extends dtoOf(categoryListView) {}

/** The categories of a shop, for its menus. */
@Controller('v1/categories')
@FastLane()
export class CategoriesController {
  constructor(@Inject(STOREFRONT_READS) private readonly reads: StorefrontReads) {}

  @Get()
  @Scope(listingScope.read)
  @CacheableResponse(ShownCategoriesDto)
  list(session: Session, request: FastifyRequest, reply: FastifyReply) {
    return this.reads.send(session, request, reply, {
      route: 'categories',
      query: {},
      canonical: '',
      make: listCategories,
    });
  }
}
