import { auditEntries, auditPending } from './audit-log.schema.ts';
import type { AuditNote, Session, Tx } from './ctx.ts';
import { newId } from './ids.ts';

const SECRET_FIELD = /password|secret|token|credential|hash|private|recovery|otp|authorization|^key$/i;
const MASK = '•••';
const DEPTH_MAX = 12;

/** A copy with the value of every field that looks secret masked, however deep. */
export function mask(value: unknown, depth = 0): unknown {
  if (depth > DEPTH_MAX) return MASK;
  if (Array.isArray(value)) return value.map((item) => mask(item, depth + 1));
  if (value === null || typeof value !== 'object') return typeof value === 'bigint' ? value.toString() : value;
  if (value instanceof Date) return value.toISOString();
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      SECRET_FIELD.test(name) && inner ? MASK : mask(inner, depth + 1),
    ]),
  );
}

/** Stores the notes of one unit of work, inside it. */
export async function storeAuditNotes(tx: Tx, session: Session, notes: readonly AuditNote[]): Promise<void> {
  const entries = notes.map((note) => ({
    companyId: session.companyId,
    id: newId('aud'),
    actorType: session.actor.type,
    actorId: session.actor.id,
    action: note.action,
    entityType: note.entity.type,
    entityId: note.entity.id,
    before: note.before === undefined ? null : mask(note.before),
    after: note.after === undefined ? null : mask(note.after),
    requestId: session.requestId,
    ip: session.ip ?? null,
    userAgent: session.userAgent ?? null,
  }));
  await Promise.all([
    tx.insert(auditEntries).values(entries),
    tx.insert(auditPending).values(entries.map(({ companyId, id }) => ({ companyId, entryId: id }))),
  ]);
}

// Written on behalf of the machinery, not of a person: these need no note of their own.
const UNAUDITED = new Set([
  'audit_entries',
  'audit_pending',
  'audit_links',
  'events',
  'idempotency_keys',
  'staff_sessions',
  'refresh_tokens',
  'customer_sessions',
  'customer_refresh_tokens',
  'customer_tokens',
  'order_links',
  'notifications',
  'notification_attempts',
  'webhook_deliveries',
  'webhook_attempts',
  // How an endpoint fares is written down by the worker; what people do to one, and that it was switched off, is noted besides.
  'webhook_endpoints',
  'api_key_uses',
  'catalogue_versions',
  'product_search_documents',
  'listing_prices',
  'product_availability',
  // Mostly moved along by the worker; what people do to a file is noted where they do it.
  'files',
  // Stock has a ledger that names actor and cause; what staff do to it is noted besides.
  'stock_levels',
  'stock_items',
  'stock_movements',
  'stock_reservations',
  // A history in itself, which names actor and time; what staff do to an order is noted besides.
  'order_timeline',
  // Progress of jobs; beginning and end of one are noted besides.
  'product_imports',
  'product_import_errors',
  'product_exports',
  'stock_refreshes',
  'file_renditions',
  'file_usage',
  // What providers are asked and say; what it means for money is noted with the payment and the refund.
  'payment_attempts',
  'payment_notices',
  'payment_transactions',
  'refunds',
  // Shoppers fill them; of our own work only what is forgotten goes, and what became an order is noted with the order.
  'carts',
  'cart_lines',
  'cart_codes',
  'cart_shipping',
]);

/** What writes, wherever in a statement: not `for update` of a lock, nor `do update` of an insert. */
const WRITE = /(?<!\b(?:for|key|do)\s+)\b(?:insert\s+into|update|delete\s+from)\s+"?(?:public"?\.)?"?(\w+)/gi;

/** The first table a statement writes that needs an audit note. */
export function auditedTable(statement: string): string | undefined {
  for (const [, table] of statement.matchAll(WRITE)) if (table && !UNAUDITED.has(table)) return table;
  return undefined;
}

/** A privileged write without an audit note. A fault of ours: the unit of work is undone and the tests see it. */
export class UnauditedWrite extends Error {
  constructor(table: string) {
    super(`A staff member or key wrote ${table} without ctx.audit(); add a note, or list the table as unaudited.`);
    this.name = 'UnauditedWrite';
  }
}
