import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { listQuery, pageOf } from '../../kernel/page.ts';
import { text } from '../../kernel/text.ts';

const ACTOR_TYPES = ['staff', 'key', 'customer', 'system', 'nobody'] as const;

const filters = {
  actor: text(100).optional().meta({
    description: 'Id of who did it, or the name of a job of ours.',
    example: 'stf_01h455vb4pex5vsknk084sn02q',
  }),
  actorType: z.enum(ACTOR_TYPES).optional(),
  action: text(100).optional().meta({ description: 'Noun and past participle.', example: 'role.updated' }),
  entity: text(100)
    .optional()
    .meta({ description: 'Id of the thing it was done to.', example: 'role_01h455vb4pex5vsknk084sn02q' }),
  entityType: text(50).optional().meta({ example: 'role' }),
  from: instant.optional().meta({ description: 'Entries from this moment on.' }),
  to: instant.optional().meta({ description: 'Entries before this moment.' }),
};

/** `GET /v1/audit-entries`, newest first. */
export const auditListQuery = listQuery.extend(filters);
export type AuditListQuery = z.infer<typeof auditListQuery>;

/** `GET /v1/audit-entries/export`: the same filters, all of it. */
export const auditExportQuery = z.strictObject(filters);
export type AuditFilters = z.infer<typeof auditExportQuery>;

/** One entry. `before` and `after` are what its kind of thing looks like, with secrets masked. */
export const auditEntryView = z.object({
  id: idOf('aud'),
  actor: z.object({ type: z.string(), id: z.string() }),
  action: z.string(),
  entity: z.object({ type: z.string(), id: z.string() }),
  before: z.unknown().nullable(),
  after: z.unknown().nullable(),
  requestId: z.string(),
  ip: z.string().nullable(),
  userAgent: z.string().nullable(),
  createdAt: instant,
});
export type AuditEntryView = z.infer<typeof auditEntryView>;
export const auditEntryPage = pageOf(auditEntryView);

const HASH = z.string().regex(/^[0-9a-f]{64}$/, { error: 'Expected the 64 hexadecimal digits of an earlier `head`.' });

/** A link somebody wrote down earlier: the check begins there. Neither: it begins at the first link. */
export const auditVerificationQuery = z
  .strictObject({
    seq: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER).optional(),
    hash: HASH.optional(),
  })
  .refine(({ seq, hash }) => (seq === undefined) === (hash === undefined), {
    error: 'Send `seq` and `hash` of the same earlier `head`, or neither.',
    path: ['hash'],
  });
export type AuditVerificationQuery = z.infer<typeof auditVerificationQuery>;

export const CHAIN_FAULTS = [
  'entry_changed',
  'entry_missing',
  'entry_unlinked',
  'link_changed',
  'link_missing',
] as const;

const chainFault = z.object({
  kind: z.enum(CHAIN_FAULTS),
  seq: z.number().nullable(),
  entryId: z.string().nullable(),
  message: z.string(),
});
export type ChainFault = z.infer<typeof chainFault>;

const chainHead = z.object({ seq: z.number(), hash: z.string() });
export type ChainHead = z.infer<typeof chainHead>;

/** What a check of the chain found. */
export const auditVerificationView = z.object({
  intact: z.boolean(),
  /** How many links this answer covers. */
  checked: z.number(),
  /** False: there is more. Ask again with `seq` and `hash` of `head`. */
  complete: z.boolean(),
  /** Keep it outside of Souk: a later check that begins here also sees when the end of the log was cut off or all of it rewritten. */
  head: chainHead.nullable(),
  faults: z.array(chainFault),
});
export type AuditVerificationView = z.infer<typeof auditVerificationView>;
