import { boolean, foreignKey, index, integer, pgTable, primaryKey, text, unique } from 'drizzle-orm/pg-core';
import { idColumn } from '../../kernel/ids.ts';
import { companyIdColumn, companyWall, createdAt, tenantId, updatedAt, walls } from '../../kernel/tables.ts';

/** The words the running code declares (`*.access.ts`), seeded into every company so that roles can point at them. */
export const permissions = pgTable(
  'permissions',
  { companyId: companyIdColumn(), name: text('name').notNull(), sentence: text('sentence').notNull() },
  (t) => [companyWall(), primaryKey({ columns: [t.companyId, t.name] })],
);

export const roles = pgTable(
  'roles',
  {
    ...tenantId('role'),
    name: text('name').notNull(),
    /** The name folded, so that "Support" and "support" are one role. */
    nameKey: text('name_key').notNull(),
    description: text('description').notNull().default(''),
    /** System roles come with the code and cannot be changed; `systemKey` is how the code finds them. */
    isSystem: boolean('is_system').notNull().default(false),
    systemKey: text('system_key'),
    version: integer('version').notNull().default(1),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    ...walls(t),
    unique('roles_name').on(t.companyId, t.nameKey),
    unique('roles_system_key').on(t.companyId, t.systemKey),
  ],
);

export const rolePermissions = pgTable(
  'role_permissions',
  {
    companyId: companyIdColumn(),
    roleId: idColumn('role', 'role_id').notNull(),
    permission: text('permission').notNull(),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.roleId, t.permission] }),
    foreignKey({ columns: [t.companyId, t.roleId], foreignColumns: [roles.companyId, roles.id] }),
    foreignKey({ columns: [t.companyId, t.permission], foreignColumns: [permissions.companyId, permissions.name] }),
    index('role_permissions_by_permission').on(t.companyId, t.permission),
  ],
);
