import { z } from 'zod';
import { defineEvent } from '../../kernel/events.ts';
import { stockItemView, stockLevelView } from './stock.contract.ts';

const item = {
  variantId: 'var_01h455vb4pex5vsknk084sn02q',
  productId: 'prod_01h455vb4pex5vsknk084sn02q',
  sku: 'ADIRE-BLUE-M',
  lowStockThreshold: 5,
} as const;

/** What can be sold of a variant has fallen to its threshold or below; once for each time it falls. */
export const stockLow = defineEvent('inventory.low_stock', z.object({ stockItem: stockItemView }), {
  about: 'What can be sold of a variant fell to its threshold or below; once for each time it falls.',
  sample: { stockItem: { ...item, available: 4, isLow: true } },
});

/** A stock adjustment changed what is on hand (counts that come with a product or an import announce the product). The aggregate is the variant; all its levels are told. */
export const stockAdjusted = defineEvent(
  'inventory.adjusted',
  z.object({ stockItem: stockItemView, stockLevels: z.array(stockLevelView) }),
  {
    about:
      'A stock adjustment changed what is on hand of a variant. Orders, products and imports announce what they change in events of their own.',
    sample: {
      stockItem: { ...item, available: 12, isLow: false },
      stockLevels: [
        {
          ...item,
          locationId: 'loc_01h455vb4pex5vsknk084sn02q',
          onHand: 14,
          reserved: 2,
          incoming: 0,
          safetyStock: 0,
          available: 12,
          tracksStock: true,
          backorder: false,
          isLow: false,
          updatedAt: '2026-11-21T09:00:00.000Z',
        },
      ],
    },
  },
);
