import { z } from 'zod';
import { defineEvent } from '../../kernel/events.ts';
import { importSummary } from './product-import.contract.ts';

const data = z.object({ productImport: importSummary });
const sample: z.input<typeof data> = {
  productImport: {
    id: 'pim_01h455vb4pex5vsknk084sn02q',
    status: 'completed',
    format: 'shopify',
    fileName: 'products_export.csv',
    dryRun: false,
    currency: 'NGN',
    updateStock: false,
    rowsTotal: 120,
    rowsDone: 120,
    percentage: 100,
    counts: {
      rows: 120,
      products: { created: 38, updated: 1, unchanged: 0, failed: 1 },
      variants: { created: 110, updated: 2, unchanged: 1 },
      prices: 112,
      images: 40,
      errors: 1,
    },
    cancelRequested: false,
    failure: null,
    createdBy: { type: 'staff', id: 'stf_01h455vb4pex5vsknk084sn02q' },
    createdAt: '2026-11-21T09:00:00.000Z',
    startedAt: '2026-11-21T09:00:01.000Z',
    finishedAt: '2026-11-21T09:00:02.000Z',
  },
};

// One of them, once, is the last word on an import.
export const productImportCompleted = defineEvent('product_import.completed', data, {
  about: 'An import came to its end; `counts.errors` says whether rows were refused.',
  sample,
});
export const productImportFailed = defineEvent('product_import.failed', data, {
  about: 'An import could not go on.',
  sample,
});
export const productImportCancelled = defineEvent('product_import.cancelled', data, {
  about: 'An import was stopped; what it had imported by then stays.',
  sample,
});
