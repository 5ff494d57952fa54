import { eq, sql } from 'drizzle-orm';
import type { z } from 'zod';
import type { Ctx } from '../../kernel/ctx.ts';
import { InvalidInput, NotFound, VersionStale } from '../../kernel/errors.ts';
import { faultCode, faultWords } from '../../kernel/fault-words.ts';
import { emit } from '../../kernel/outbox.ts';
import { mine } from '../../kernel/tables.ts';
import { isSettingGroup, SETTING_GROUPS, type SettingGroup, type Settings, settingGroups } from './setting-groups.ts';
import { patchOfGroup, type SettingsGroupView, type SettingsView } from './settings.contract.ts';
import { settingsUpdated } from './settings.events.ts';
import { companySettings } from './settings.schema.ts';

type Overrides = Record<string, unknown>;
interface Stored {
  overrides: Overrides;
  version: number;
}

const UNTOUCHED: Stored = { overrides: {}, version: 0 };

/** The values of one group: what the company set, else the defaults. */
export async function getSettings<Group extends SettingGroup>(ctx: Ctx, group: Group): Promise<Settings<Group>> {
  return valuesOf(group, (await readGroup(ctx, group)).overrides).values;
}

/** The values of one group out of its stored overrides, for a query that has read them itself. */
export const settingsFrom = <Group extends SettingGroup>(group: Group, overrides: Overrides): Settings<Group> =>
  valuesOf(group, overrides).values;

/** One group with its version, as `GET /v1/settings/:group` shows it. Throws `NotFound` for a name that is no group. */
export async function showSettings(ctx: Ctx, group: string): Promise<SettingsGroupView> {
  const known = groupNamed(group);
  return viewOf(known, await readGroup(ctx, known));
}

/** All groups by name. */
export async function showAllSettings(ctx: Ctx): Promise<SettingsView> {
  const rows = await ctx.tx.select().from(companySettings).where(mine(ctx, companySettings));
  const stored = new Map(rows.map((row) => [row.group, row]));
  const views = SETTING_GROUPS.map((group) => [group, viewOf(group, stored.get(group) ?? UNTOUCHED)]);
  return Object.fromEntries(views) as SettingsView; // one view per group, by its name
}

/**
 * Sets fields of one group; null gives a field its default back, and removes a stored one this version ignores. Two patches at once are merged one after the other.
 * Throws `NotFound` for an unknown group, `InvalidInput` naming each field that is unknown or wrong, and `VersionStale`
 * if `expectedVersion` is given and not the present one.
 */
export async function patchSettings(
  ctx: Ctx,
  group: string,
  patch: unknown,
  expectedVersion?: number,
): Promise<SettingsGroupView> {
  const known = groupNamed(group);
  const before = await lockGroup(ctx, known);
  const changes = parsePatch(known, patch, Object.keys(before.overrides));
  if (expectedVersion !== undefined && expectedVersion !== before.version)
    throw new VersionStale('group of settings', before.version);
  const overrides = merged(before.overrides, changes);
  if (JSON.stringify(overrides) === JSON.stringify(before.overrides)) return viewOf(known, before);

  const after = { overrides, version: before.version + 1 };
  await ctx.tx
    .insert(companySettings)
    .values({ companyId: ctx.companyId, group: known, ...after })
    .onConflictDoUpdate({
      target: [companySettings.companyId, companySettings.group],
      set: { ...after, updatedAt: sql`now()` },
    });
  const settings = viewOf(known, after);
  ctx.audit({
    action: 'settings.updated',
    entity: { type: 'settings', id: known },
    before: viewOf(known, before),
    after: settings,
  });
  await emit(ctx, settingsUpdated, {
    aggregate: { id: `settings:${known}`, sequence: after.version },
    data: { settings: settings as z.input<typeof settingsUpdated.data>['settings'] }, // parsed by the event's schema
  });
  ctx.touch();
  ctx.catalogueChanged();
  return settings;
}

function groupNamed(name: string): SettingGroup {
  if (!isSettingGroup(name)) throw new NotFound('group of settings', 'GET /v1/settings shows them all.');
  return name;
}

async function readGroup(ctx: Ctx, group: SettingGroup): Promise<Stored> {
  const [row] = await ctx.tx
    .select()
    .from(companySettings)
    .where(mine(ctx, companySettings, eq(companySettings.group, group)));
  return row ?? UNTOUCHED;
}

/** A group nobody changed has no row to lock, so the lock is one on its name, held until the transaction ends. */
async function lockGroup(ctx: Ctx, group: SettingGroup): Promise<Stored> {
  await ctx.tx.execute(
    sql`select pg_advisory_xact_lock(hashtextextended(${`company_settings|${ctx.companyId}|${group}`}, 0))`,
  );
  return readGroup(ctx, group);
}

function parsePatch(group: SettingGroup, patch: unknown, stored: readonly string[]): Overrides {
  const parsed = patchOfGroup(group, stored).safeParse(patch, { error: faultWords });
  if (parsed.success) return parsed.data;
  const [first, ...others] = parsed.error.issues.flatMap((issue) => {
    const at = issue.path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
    const fields = issue.code === 'unrecognized_keys' ? issue.keys : [undefined];
    return fields.map((field) => ({
      pointer: field === undefined ? at : `${at}/${field.replaceAll('~', '~0').replaceAll('/', '~1')}`,
      code: field === undefined ? faultCode(issue) : 'unknown_field',
      message:
        field === undefined ? issue.message : `The settings of ${group} have no field ${field}. ${fieldsOf(group)}`,
    }));
  });
  throw new InvalidInput(
    first ?? { pointer: '', code: 'invalid', message: 'Expected an object of settings.' },
    ...others,
  );
}

const fieldsOf = (group: SettingGroup) => `There are: ${Object.keys(settingGroups[group].shape).join(', ')}.`;

function merged(overrides: Overrides, changes: Overrides): Overrides {
  const next = { ...overrides };
  for (const [field, value] of Object.entries(changes)) {
    if (value === null) delete next[field];
    else if (value !== undefined) next[field] = value;
  }
  return next;
}

/** Stored values checked one by one: one that an older version allowed and this one does not must not break reading. */
function valuesOf<Group extends SettingGroup>(
  group: Group,
  overrides: Overrides,
): { values: Settings<Group>; set: string[]; ignored: string[] } {
  const values: Overrides = {};
  const set: string[] = [];
  const ignored = Object.keys(overrides).filter((field) => !Object.hasOwn(settingGroups[group].shape, field));
  for (const [field, schema] of Object.entries(settingGroups[group].shape)) {
    const stored = Object.hasOwn(overrides, field) ? schema.safeParse(overrides[field]) : undefined;
    if (stored?.success) set.push(field);
    else if (stored) ignored.push(field);
    values[field] = stored?.success ? stored.data : defaultOf(schema);
  }
  return { values: values as Settings<Group>, set, ignored }; // every field of the group's shape, parsed by its schema
}

const defaults = new Map<z.ZodType, unknown>();

/** What a field is when nobody set it, parsed once per process. Nobody may change it. */
function defaultOf(schema: z.ZodType): unknown {
  if (!defaults.has(schema)) defaults.set(schema, frozen(schema.parse(undefined)));
  return defaults.get(schema);
}

function frozen<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  for (const inner of Object.values(value)) frozen(inner);
  return Object.freeze(value);
}

function viewOf<Group extends SettingGroup>(group: Group, { overrides, version }: Stored): SettingsGroupView<Group> {
  const { values, set, ignored } = valuesOf(group, overrides);
  // TypeScript does not see through a spread of a generic: these are the group's own fields and the four about it.
  return { group, ...values, version, overridden: set, ignored } as unknown as SettingsGroupView<Group>;
}
