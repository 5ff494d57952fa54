import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { listQuery, pageOf } from '../../kernel/page.ts';
import { text } from '../../kernel/text.ts';

/** Goods promised to somebody. */
export const stockReservationView = z.object({
  id: idOf('rsv'),
  owner: z.object({ type: z.string(), id: z.string() }),
  variantId: idOf('var'),
  locationId: idOf('loc'),
  quantity: z.int(),
  wantedVariantId: idOf('var').meta({
    description: 'What was asked for: this variant, or the bundle it is a part of.',
  }),
  piecesEach: z.int().meta({ description: 'Units of this variant that one of it takes.' }),
  status: z.enum(['held', 'released', 'expired', 'consumed']),
  expiresAt: instant.nullable().meta({ description: 'When it stops counting. null: never.' }),
  createdAt: instant,
  endedAt: instant.nullable(),
});
export type StockReservationView = z.infer<typeof stockReservationView>;

export const stockReservationsQuery = listQuery.extend({
  status: z.enum(['held', 'released', 'expired', 'consumed']).optional(),
  variantId: idOf('var').optional(),
  ownerType: text(40).optional(),
  ownerId: text(60).optional(),
});
export type StockReservationsQuery = z.infer<typeof stockReservationsQuery>;
export const stockReservationsPage = pageOf(stockReservationView);
