import { Controller, Get, Inject } from '@nestjs/common';
import { listingScope } from '@souk/domain/catalog/listing/listing.access';
import {
  handle,
  type ProductListQuery,
  type ProductQuery,
  productListQuery,
  productListView,
  productPageView,
  productQuery,
} from '@souk/domain/catalog/listing/listing.contract';
import { listProducts, showProduct } from '@souk/domain/catalog/listing/listing.service';
import type { Session } from '@souk/domain/kernel/ctx';
import { Scope } from '@souk/platform/http/allow';
import { type Asked, Takes } from '@souk/platform/http/asked';
import { CacheableResponse } from '@souk/platform/http/cacheable';
import { dtoOf } from '@souk/platform/http/contract-class';
import { FastLane } from '@souk/platform/http/fast-lane';
import type { StorefrontReads } from '@souk/platform/storefront-reads';
import { STOREFRONT_READS } from '@souk/platform/tokens';
import type { FastifyReply, FastifyRequest } from 'fastify';

class ListedProductsDto extends dtoOf(productListView) {}
class ProductPageDto extends dtoOf(productPageView) {}

/** The products of a shop as its visitors see them. */
@Controller('v1/products')
@FastLane()
export class ProductsController {
  constructor(@Inject(STOREFRONT_READS) private readonly reads: StorefrontReads) {}

  @Get()
  @Scope(listingScope.read)
  @Takes({ query: productListQuery })
  @CacheableResponse(ListedProductsDto)
  list(session: Session, request: FastifyRequest, reply: FastifyReply, { query, canonical }: Asked<ProductListQuery>) {
    return this.reads.send(session, request, reply, {
      route: 'products',
      query,
      canonical,
      make: (ctx, facts, tongue) => listProducts(ctx, facts, query, tongue),
    });
  }

  @Get(':handle')
  @Scope(listingScope.read)
  @Takes({ query: productQuery, path: { handle } })
  @CacheableResponse(ProductPageDto, { moves: true })
  show(
    session: Session,
    request: FastifyRequest,
    reply: FastifyReply,
    { query, path, canonical }: Asked<ProductQuery>,
  ) {
    const { handle: name = '' } = path;
    return this.reads.send(session, request, reply, {
      route: `products/${name}`,
      query,
      canonical,
      make: (ctx, facts, tongue) => showProduct(ctx, facts, name, tongue),
      pathOf: (present) => `/v1/products/${encodeURIComponent(present)}`,
    });
  }
}
