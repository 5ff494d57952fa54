import { z } from 'zod';
import { idOf } from '../../kernel/ids.ts';
import { listQuery, pageOf } from '../../kernel/page.ts';
import { text } from '../../kernel/text.ts';
import { pictureView } from '../files/pictures.contract.ts';
import { PRODUCT_TYPE_MAX, TAG_MAX, VENDOR_MAX } from '../products/product-limits.contract.ts';
import { productFields } from '../products/products.contract.ts';
import { productBase } from './product-management.contract.ts';

const QUERY_TEXT_MAX = 100;

/** A product in a list. */
export const productListed = productBase
  .pick({
    id: true,
    handle: true,
    title: true,
    kind: true,
    status: true,
    publishedAt: true,
    unpublishAt: true,
    vendor: true,
    productType: true,
    version: true,
    createdAt: true,
    updatedAt: true,
  })
  .extend({
    variantCount: z.int(),
    picture: pictureView.nullable(),
    prices: z
      .array(z.object({ currency: z.string(), min: z.int(), max: z.int() }))
      .meta({ description: 'What its variants cost now, in each currency.' }),
  });
export type ProductListed = z.infer<typeof productListed>;

export const productsQuery = listQuery.extend({
  status: productFields.status.optional(),
  kind: productFields.kind.optional(),
  q: text(QUERY_TEXT_MAX).optional().meta({ description: 'How its handle, its title or one of its SKUs begins.' }),
  vendor: text(VENDOR_MAX).optional(),
  productType: text(PRODUCT_TYPE_MAX).optional(),
  tag: text(TAG_MAX).optional(),
  categoryId: idOf('cat').optional().meta({ description: 'On this shelf or one below it.' }),
  collectionId: idOf('col').optional(),
  sort: z.enum(['newest', 'title', '-updated']).default('newest'),
  count: z
    .enum(['true', 'false'])
    .default('false')
    .meta({ description: 'Also count what was found: exact to 1,000, then `1000+`.' }),
});
export type ProductsQuery = z.infer<typeof productsQuery>;

export const productsPage = pageOf(productListed).extend({
  count: z.union([z.int(), z.literal('1000+')]).optional(),
});
export type ProductsPage = z.infer<typeof productsPage>;
