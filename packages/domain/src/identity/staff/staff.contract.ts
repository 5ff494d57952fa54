import { z } from 'zod';
import { permissionWord } from '../../company/iam/iam.contract.ts';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { listQuery, pageOf } from '../../kernel/page.ts';
import { nameOf } from '../../kernel/text.ts';

export const STAFF_NAME_MAX = 120;
const ROLES_MAX = 20;

export const staffName = nameOf(STAFF_NAME_MAX).meta({ example: 'Ada Obi' });

/** Which roles somebody gets. At least one: a person without a role can do nothing and is better disabled. */
export const roleIds = z
  .array(idOf('role'))
  .min(1)
  .max(ROLES_MAX)
  .refine((ids) => new Set(ids).size === ids.length, { error: 'Name each role once.' });

/** A role as it stands beside its holder. */
export const heldRole = z.object({ id: idOf('role'), name: z.string() });

export const staffView = z.object({
  id: idOf('stf'),
  name: z.string(),
  email: z.string(),
  status: z.enum(['active', 'disabled']),
  roles: z.array(heldRole),
  hasTwoFactor: z.boolean(),
  lastLoginAt: instant.nullable(),
  version: z.int(),
  createdAt: instant,
  updatedAt: instant,
});
export type StaffView = z.infer<typeof staffView>;

export const staffPage = pageOf(staffView);

export const staffQuery = listQuery.extend({
  permission: permissionWord
    .optional()
    .meta({ description: 'Who can do this: only active people who hold the permission.', example: 'roles.write' }),
  status: z.enum(['active', 'disabled']).optional(),
});
export type StaffQuery = z.infer<typeof staffQuery>;

export const staffRolesInput = z.strictObject({ roleIds });

export const profilePatch = z.strictObject({ name: staffName });
export type ProfilePatch = z.infer<typeof profilePatch>;
