import { and, eq, inArray, sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import { InvalidInput, NotFound, PermissionMissing, VersionStale } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { readOrder } from '../../sales/orders/order-rows.service.ts';
import { orderViewOf } from '../../sales/orders/order-views.ts';
import { can as orders } from '../../sales/orders/orders.access.ts';
import { kindNamed, MAIL_KINDS, ownWording, REPEATABLE, type StoredWording, type Wording } from './email-templates.ts';
import { type MailKind, type Place, sampleOf } from './mail-kinds.ts';
import type {
  NewWording,
  TemplateSummary,
  TemplatesList,
  TemplateView,
  WordingTrial,
} from './notification-templates.contract.ts';
import { notificationTemplates } from './notification-templates.schema.ts';
import { goodsOf, inWords, toldOrder, wordsOf } from './order-words.ts';
import { readSender } from './sender.service.ts';
import { variableList } from './variable-list.ts';
import { tried } from './wording-check.ts';

type Row = typeof notificationTemplates.$inferSelect;

/** Where links of previews lead when the settings name no shop. */
const PREVIEW_PLACE = { adminUrl: 'https://admin.example.com', shopUrl: 'https://shop.example.com' };

/** Every kind of mail, and whether it says what the company wrote. */
export async function listTemplates(ctx: Ctx): Promise<TemplatesList> {
  const rows = await ctx.tx
    .select({
      template: notificationTemplates.template,
      version: notificationTemplates.version,
      updatedAt: notificationTemplates.updatedAt,
    })
    .from(notificationTemplates)
    .where(mine(ctx, notificationTemplates));
  const byName = new Map(rows.map((row) => [row.template, row]));
  return { data: MAIL_KINDS.map((kind) => summaryOf(kind, byName.get(kind.name))) };
}

/** One kind of mail with its words. Throws `NotFound`. */
export async function showTemplate(ctx: Ctx, name: string): Promise<TemplateView> {
  const kind = named(name);
  return viewOf(kind, await rowOf(ctx, name));
}

/**
 * Gives a kind of mail the company's own words. They are tried with made-up contents first. Throws `NotFound`,
 * `VersionStale`, and `InvalidInput` naming the place of each fault.
 */
export async function saveTemplate(
  ctx: Ctx,
  name: string,
  input: NewWording,
  expectedVersion?: number,
): Promise<TemplateView> {
  const kind = named(name);
  const { faults } = tried(kind, input, sampleOf(kind), await placeOf(ctx));
  if (faults) throw new InvalidInput(...faults);
  const before = await lockTemplate(ctx, name, expectedVersion);
  const words = { subject: input.subject, html: input.html, text: input.text };
  const [row] = await ctx.tx
    .insert(notificationTemplates)
    .values({ companyId: ctx.companyId, id: newId('ntt'), template: name, ...words })
    .onConflictDoUpdate({
      target: [notificationTemplates.companyId, notificationTemplates.template],
      set: { ...words, version: sql`${notificationTemplates.version} + 1`, updatedAt: sql`now()` },
    })
    .returning();
  ctx.audit({
    action: 'notification_template.updated',
    entity: { type: 'notification_template', id: name },
    before: noted(before),
    after: noted(row),
  });
  return viewOf(kind, row);
}

/** Gives a kind of mail our words back. Doing it again changes nothing. Throws `NotFound`, `VersionStale`. */
export async function resetTemplate(ctx: Ctx, name: string, expectedVersion?: number): Promise<void> {
  named(name);
  const before = await lockTemplate(ctx, name, expectedVersion);
  if (!before) return;
  await ctx.tx
    .delete(notificationTemplates)
    .where(mine(ctx, notificationTemplates, eq(notificationTemplates.template, name)));
  ctx.audit({
    action: 'notification_template.reset',
    entity: { type: 'notification_template', id: name },
    before: noted(before),
  });
}

/** What a preview is made of. */
interface Preview {
  readonly kind: MailKind;
  readonly wording: Wording;
  readonly parameters: Record<string, unknown>;
  readonly place: Place;
}

/**
 * What a mail would be made of: these words, or those that stand; made-up contents, or those of an order. Throws `NotFound`
 * and `InvalidInput`, and `PermissionMissing` for an order nobody may look at.
 */
export async function readPreview(ctx: Ctx, name: string, trial: WordingTrial): Promise<Preview> {
  const kind = named(name);
  // What orders say is for those who may read orders.
  if (trial.orderId && !ctx.permissions.has(orders.read)) throw new PermissionMissing(orders.read);
  const parameters = trial.orderId ? await parametersOf(ctx, kind, trial.orderId) : sampleOf(kind);
  const place = await placeOf(ctx);
  const stands = (await rowOf(ctx, name)) ?? ownWording(kind);
  // New HTML makes its own text, unless one comes along.
  const text = trial.text === undefined ? (trial.html === undefined ? stands.text : null) : trial.text;
  const wording = { subject: trial.subject ?? stands.subject, html: trial.html ?? stands.html, text };
  return { kind, wording, parameters, place };
}

/** The company's own words of these kinds of mail, by name. */
export async function wordingsOf(ctx: Ctx, names: readonly string[]): Promise<Map<string, StoredWording>> {
  const { id, version, template, subject, html, text } = notificationTemplates;
  const rows = await ctx.tx
    .select({ id, version, template, subject, html, text })
    .from(notificationTemplates)
    .where(mine(ctx, notificationTemplates, inArray(template, [...new Set(names)])));
  return new Map(rows.map((row) => [row.template, row]));
}

function named(name: string): MailKind {
  const kind = kindNamed(name);
  if (!kind) throw new NotFound('mail', 'GET /v1/notification-templates lists them all.');
  return kind;
}

async function placeOf(ctx: Ctx): Promise<Place> {
  const { companyName, shopUrl } = await readSender(ctx);
  return { ...PREVIEW_PLACE, companyName, ...(shopUrl !== null && { shopUrl }) };
}

/** The made-up contents with the figures of an order in them. Throws `NotFound`, and `InvalidInput` where there are none. */
async function parametersOf(ctx: Ctx, kind: MailKind, orderId: Id<'ord'>): Promise<Record<string, unknown>> {
  const order = toldOrder.parse(orderViewOf(await readOrder(ctx, orderId)));
  const sample = sampleOf(kind);
  if (!('order' in sample)) {
    const message = `${kind.name} tells nothing of orders. Leave orderId out.`;
    throw new InvalidInput({ pointer: '/orderId', code: 'not_about_orders', message });
  }
  const words = wordsOf(order);
  const ofOrder = {
    order: Object.fromEntries(Object.entries(words).filter(([field]) => Object.hasOwn(Object(sample['order']), field))),
    left: words,
    email: order.email,
    amount: words.total,
    paid: order.paidTotal.amount > 0 ? inWords(order.paidTotal) : null,
    ...goodsOf(order.lines),
  };
  return {
    ...sample,
    ...Object.fromEntries(Object.entries(ofOrder).filter(([field]) => Object.hasOwn(sample, field))),
  };
}

async function rowOf(ctx: Ctx, name: string): Promise<Row | undefined> {
  const [row] = await ctx.tx
    .select()
    .from(notificationTemplates)
    .where(mine(ctx, notificationTemplates, and(eq(notificationTemplates.template, name))));
  return row;
}

/** Words nobody overrode have no row to lock, so the lock is one on their name, held until the transaction ends. */
async function lockTemplate(ctx: Ctx, name: string, expectedVersion: number | undefined): Promise<Row | undefined> {
  const key = `notification_templates|${ctx.companyId}|${name}`;
  await ctx.tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${key}, 0))`);
  const row = await rowOf(ctx, name);
  const version = row?.version ?? 0;
  if (expectedVersion !== undefined && expectedVersion !== version) throw new VersionStale('template', version);
  return row;
}

// The words themselves are too long for the log.
const noted = (row: Row | undefined) => row && { version: row.version, subject: row.subject, length: row.html.length };

const summaryOf = (kind: MailKind, row: Pick<Row, 'version' | 'updatedAt'> | undefined): TemplateSummary => ({
  name: kind.name,
  to: kind.to,
  about: kind.about,
  events: [...kind.events],
  canResend: REPEATABLE.includes(kind.name),
  isOverridden: row !== undefined,
  version: row?.version ?? 0,
  updatedAt: row?.updatedAt ?? null,
});

function viewOf(kind: MailKind, row: Row | undefined): TemplateView {
  const { subject, html, text } = row ?? ownWording(kind);
  return {
    ...summaryOf(kind, row),
    ...{ subject, html, text },
    default: { subject: kind.subject, html: kind.html },
    variables: variableList(kind),
  };
}
