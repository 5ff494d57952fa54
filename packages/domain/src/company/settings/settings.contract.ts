import { z } from 'zod';
import { SETTING_GROUPS, type SettingGroup, type Settings, settingGroups } from './setting-groups.ts';

/** What every group says about itself besides its fields. */
const about = {
  version: z
    .int()
    .meta({ description: 'Send it as If-Match to be sure nobody changed the group meanwhile. 0: never changed.' }),
  overridden: z.array(z.string()).meta({ description: 'The fields this company set; all others have their default.' }),
  ignored: z.array(z.string()).meta({
    description:
      'Stored fields that this version does not know, or whose value it does not allow: their default holds. null removes one.',
  }),
};

const names = SETTING_GROUPS as [SettingGroup, ...SettingGroup[]]; // there is at least one
/** A name in a path. One that is no group is not found, rather than wrong: the service says so. */
export const groupParam = z
  .string()
  .max(60)
  .meta({ description: `One of ${names.join(', ')}.`, example: 'inventory' });

const viewOfGroup = (group: SettingGroup) =>
  z.object({ group: z.literal(group), ...settingGroups[group].shape, ...about });

/** One group: its fields with their values, and what they are about. */
export const settingsGroupView = z.discriminatedUnion(
  'group',
  names.map(viewOfGroup) as [ReturnType<typeof viewOfGroup>],
);
export type SettingsGroupView<Group extends SettingGroup = SettingGroup> = Settings<Group> & {
  group: Group;
  version: number;
  overridden: string[];
  ignored: string[];
};

/** All groups by name. */
export const settingsView = z.object(Object.fromEntries(names.map((group) => [group, viewOfGroup(group)])));
export type SettingsView = { [Group in SettingGroup]: SettingsGroupView<Group> };

/** A change of one group: the fields to set; null gives a field its default back and removes an ignored one. */
export const settingsPatch = z.record(z.string().max(60), z.unknown()).meta({
  description: `The fields to set, of those that GET /v1/settings/{group} answers with and describes. null gives a field its default back, and removes one that is ignored. ${names.map((group) => `${group}: ${Object.keys(settingGroups[group].shape).join(', ')}.`).join(' ')}`,
});

const removal = z.null({ error: 'This version does not know the field any more. null removes it.' }).optional();

/**
 * The schema of a change of one group, with every field optional and nullable. Of `stored` fields, those the group does
 * not know may be null and nothing else.
 */
export const patchOfGroup = (group: SettingGroup, stored: readonly string[]) => {
  const known = Object.entries(settingGroups[group].shape).map(([name, field]) => [
    name,
    field.unwrap().nullable().optional(),
  ]);
  const fields = [...stored.map((name) => [name, removal]), ...known];
  return z.strictObject(Object.fromEntries(fields) as Record<string, z.ZodType>); // optional fields of this group
};
