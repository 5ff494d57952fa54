import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { listQuery, pageOf } from '../../kernel/page.ts';

export const newExport = z.strictObject({
  format: z.literal('souk').default('souk').meta({ description: 'Everything a product is; imports back as it was.' }),
});

export const exportSummary = z.object({
  id: idOf('pex'),
  status: z.enum(['queued', 'running', 'completed', 'failed', 'cancelled']),
  productsDone: z.int(),
  rowsDone: z.int(),
  failure: z.string().nullable(),
  createdBy: z.object({ type: z.string(), id: z.string() }),
  createdAt: instant,
  startedAt: instant.nullable(),
  finishedAt: instant.nullable(),
});
export type ExportSummary = z.infer<typeof exportSummary>;

export const exportView = exportSummary.extend({
  download: z.object({ url: z.string(), expiresAt: instant }).nullable().meta({
    description: 'Where the file is, for the next minutes; null until it is complete. Ask again for a new one.',
  }),
});
export type ExportView = z.infer<typeof exportView>;

export const exportsQuery = listQuery;
export const exportsPage = pageOf(exportSummary);
