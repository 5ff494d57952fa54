import { z } from 'zod';
import { defineEvent } from '../../kernel/events.ts';
import { productSnapshot } from './product-management.contract.ts';

const data = z.object({ product: productSnapshot });
const sample: z.input<typeof data> = {
  product: {
    id: 'prod_01h455vb4pex5vsknk084sn02q',
    handle: 'blue-cotton-shirt',
    title: 'Blue cotton shirt',
    description: '<p>Soft and light.</p>',
    kind: 'variable',
    status: 'active',
    publishedAt: '2026-11-21T09:00:00.000Z',
    unpublishAt: null,
    vendor: 'Adire House',
    productType: 'Shirts',
    seoTitle: null,
    seoDescription: null,
    tags: ['cotton'],
    categoryIds: ['cat_01h455vb4pex5vsknk084sn02q'],
    options: [{ name: 'Size', values: ['S', 'M'] }],
    attributes: { material: 'cotton' },
    submittedById: null,
    rejectionReason: null,
    version: 3,
    createdAt: '2026-11-21T09:00:00.000Z',
    updatedAt: '2026-11-21T09:00:00.000Z',
    media: [{ id: 'med_01h455vb4pex5vsknk084sn02q', fileId: 'file_01h455vb4pex5vsknk084sn02q', alt: 'The shirt' }],
    variantCount: 1,
    variants: [
      {
        id: 'var_01h455vb4pex5vsknk084sn02q',
        title: 'S',
        sku: 'SHIRT-S',
        barcode: null,
        options: ['S'],
        weightGrams: 180,
        lengthMm: null,
        widthMm: null,
        heightMm: null,
        taxCategory: null,
        isTaxable: true,
        requiresShipping: true,
        tracksStock: true,
        backorder: null,
        imageFileId: null,
        components: [],
        prices: [{ amount: 125_000, currency: 'NGN', compareAt: null, validFrom: null, validUntil: null }],
      },
    ],
  },
};

// One save tells one of these: the one that says most.
export const productCreated = defineEvent('product.created', data, {
  about: 'A product was made, by hand or by an import.',
  sample,
});
export const productUpdated = defineEvent('product.updated', data, {
  about: 'A product, its variants, pictures or prices changed. One save tells one event: the one that says most.',
  sample,
});
export const productPublished = defineEvent('product.published', data, { about: 'A product came on sale.', sample });
export const productArchived = defineEvent('product.archived', data, {
  about: 'A product was archived: it is sold no more and kept for the orders it is in.',
  sample,
});
