import { z } from 'zod';
import { defineEvent } from '../../kernel/events.ts';
import { roleView } from './iam.contract.ts';

const data = z.object({ role: roleView });
const sample: z.input<typeof data> = {
  role: {
    id: 'role_01h455vb4pex5vsknk084sn02q',
    name: 'Warehouse',
    description: 'Packs and ships',
    permissions: ['orders.read'],
    isSystem: false,
    systemKey: null,
    version: 1,
    createdAt: '2026-11-21T09:00:00.000Z',
    updatedAt: '2026-11-21T09:00:00.000Z',
  },
};

// The role's version is its sequence: both are raised by every change, under the row's lock.
export const roleCreated = defineEvent('role.created', data, { about: 'A role for staff was made.', sample });
export const roleUpdated = defineEvent('role.updated', data, {
  about: 'A role was renamed, or what it allows changed.',
  sample,
});
export const roleDeleted = defineEvent('role.deleted', data, { about: 'A role for staff was deleted.', sample });
