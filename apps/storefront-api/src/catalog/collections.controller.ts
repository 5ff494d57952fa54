import { Controller, Get, Inject } from '@nestjs/common';
import { listingScope } from '@souk/domain/catalog/listing/listing.access';
import {
  collectionListQuery,
  collectionListView,
  collectionPageView,
  handle,
} from '@souk/domain/catalog/listing/listing.contract';
import { listCollections, showCollection } from '@souk/domain/catalog/listing/listing.service';
import type { Session } from '@souk/domain/kernel/ctx';
import type { ListQuery } from '@souk/domain/kernel/page';
import { Scope } from '@souk/platform/http/allow';
import { type Asked, Takes } from '@souk/platform/http/asked';
import { CacheableResponse } from '@souk/platform/http/cacheable';
import { dtoOf } from '@souk/platform/http/contract-class';
import { FastLane } from '@souk/platform/http/fast-lane';
import type { StorefrontReads } from '@souk/platform/storefront-reads';
import { STOREFRONT_READS } from '@souk/platform/tokens';
import type { FastifyReply, FastifyRequest } from 'fastify';

class ShownCollectionsDto extends dtoOf(collectionListView) {}
class CollectionPageDto extends dtoOf(collectionPageView) {}

/** The collections of a shop. Their products: `GET /v1/products?collection=`. */
@Controller('v1/collections')
@FastLane()
export class CollectionsController {
  constructor(@Inject(STOREFRONT_READS) private readonly reads: StorefrontReads) {}

  @Get()
  @Scope(listingScope.read)
  @Takes({ query: collectionListQuery })
  @CacheableResponse(ShownCollectionsDto)
  list(session: Session, request: FastifyRequest, reply: FastifyReply, { query, canonical }: Asked<ListQuery>) {
    return this.reads.send(session, request, reply, {
      route: 'collections',
      query: {},
      canonical,
      make: (ctx) => listCollections(ctx, query),
    });
  }

  @Get(':handle')
  @Scope(listingScope.read)
  @Takes({ path: { handle } })
  @CacheableResponse(CollectionPageDto)
  show(session: Session, request: FastifyRequest, reply: FastifyReply, { path }: Asked) {
    const { handle: name = '' } = path;
    return this.reads.send(session, request, reply, {
      route: `collections/${name}`,
      query: {},
      canonical: '',
      make: (ctx) => showCollection(ctx, name),
    });
  }
}
