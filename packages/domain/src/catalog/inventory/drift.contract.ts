import { z } from 'zod';
import { idOf } from '../../kernel/ids.ts';
import { listQuery, pageOf } from '../../kernel/page.ts';

const VARIANTS_MAX = 500;

/** A level whose counters are not what the ledger and the holds add up to. */
export const stockDriftView = z.object({
  variantId: idOf('var'),
  locationId: idOf('loc'),
  onHand: z.int(),
  onHandByLedger: z.int(),
  reserved: z.int(),
  reservedByLedger: z.int(),
  reservedByHolds: z.int(),
  incoming: z.int(),
  incomingByLedger: z.int(),
});
export type StockDriftView = z.infer<typeof stockDriftView>;

export const stockDriftsQuery = listQuery;
export const stockDriftsPage = pageOf(stockDriftView);

export const newStockCorrection = z.strictObject({ variantIds: z.array(idOf('var')).min(1).max(VARIANTS_MAX) });
export type NewStockCorrection = z.infer<typeof newStockCorrection>;

export const stockCorrectionView = z.object({
  corrected: z.array(stockDriftView).meta({ description: 'What was wrong before, and is right now.' }),
});
export type StockCorrectionView = z.infer<typeof stockCorrectionView>;
