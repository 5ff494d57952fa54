import { foreignKey, index, integer, pgTable, primaryKey, text, unique } from 'drizzle-orm/pg-core';
import { bytewiseText } from '../../kernel/column-types.ts';
import { idColumn } from '../../kernel/ids.ts';
import { companyIdColumn, companyWall, createdAt, tenantId, updatedAt, walls } from '../../kernel/tables.ts';
import { customers } from './customers.schema.ts';

/** Groups that staff put customers into by hand: wholesale, staff, club. Prices and discounts may ask for them. */
export const customerGroups = pgTable(
  'customer_groups',
  {
    ...tenantId('cgr'),
    name: text('name').notNull(),
    nameKey: bytewiseText('name_key').notNull(),
    description: text('description').notNull().default(''),
    version: integer('version').notNull().default(1),
    eventSequence: integer('event_sequence').notNull().default(1),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [...walls(t), unique('customer_groups_name').on(t.companyId, t.nameKey)],
);

export const customerGroupMembers = pgTable(
  'customer_group_members',
  {
    companyId: companyIdColumn(),
    groupId: idColumn('cgr', 'group_id').notNull(),
    customerId: idColumn('cus', 'customer_id').notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.groupId, t.customerId] }),
    foreignKey({ columns: [t.companyId, t.groupId], foreignColumns: [customerGroups.companyId, customerGroups.id] }),
    foreignKey({ columns: [t.companyId, t.customerId], foreignColumns: [customers.companyId, customers.id] }),
    index('customer_group_members_by_customer').on(t.companyId, t.customerId, t.groupId),
  ],
);
