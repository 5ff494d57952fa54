import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { listQuery, pageOf } from '../../kernel/page.ts';
import { prose, text } from '../../kernel/text.ts';

const ROLE_NAME_LENGTH_MAX = 60;
const ROLE_DESCRIPTION_LENGTH_MAX = 500;
const PERMISSION_LENGTH_MAX = 80;
export const PERMISSIONS_PER_ROLE_MAX = 500;

/** The form of a permission. Whether the word exists is the service's to say. */
export const permissionWord = z
  .string()
  .max(PERMISSION_LENGTH_MAX)
  .regex(/^[a-z][a-z_]*\.[a-z][a-z_]*$/, { error: 'Expected a permission, like roles.write.' })
  .meta({ example: 'roles.read' });

const roleName = text(ROLE_NAME_LENGTH_MAX).meta({ example: 'Warehouse' });
const roleDescription = prose(ROLE_DESCRIPTION_LENGTH_MAX);
const rolePermissions = z.array(permissionWord).max(PERMISSIONS_PER_ROLE_MAX);

export const newRole = z.strictObject({
  name: roleName,
  description: roleDescription.default(''),
  permissions: rolePermissions,
});
export type NewRole = z.infer<typeof newRole>;

export const rolePatch = z.strictObject({
  name: roleName.optional(),
  description: roleDescription.optional(),
  permissions: rolePermissions.optional(),
});
export type RolePatch = z.infer<typeof rolePatch>;

export const roleCopy = z.strictObject({ name: roleName });
export type RoleCopy = z.infer<typeof roleCopy>;

export const roleView = z.object({
  id: idOf('role'),
  name: z.string(),
  description: z.string(),
  permissions: z.array(z.string()),
  isSystem: z.boolean(),
  systemKey: z.string().nullable().meta({ description: 'Which system role this is; null for your own.' }),
  version: z.int(),
  createdAt: instant,
  updatedAt: instant,
});
export type RoleView = z.infer<typeof roleView>;

export const rolesQuery = listQuery;
export const rolesPage = pageOf(roleView);

const permissionView = z.object({ name: z.string(), sentence: z.string() });
export const permissionsPage = pageOf(permissionView);
