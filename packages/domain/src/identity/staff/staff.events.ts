import { z } from 'zod';
import { defineEvent } from '../../kernel/events.ts';
import { staffView } from './staff.contract.ts';

const data = z.object({ staff: staffView });

/** Somebody who works for a sample company; other modules' samples start from it. */
export const sampleStaff: z.input<typeof staffView> = {
  id: 'stf_01h455vb4pex5vsknk084sn02q',
  name: 'Ada Obi',
  email: 'ada@example.com',
  status: 'active',
  roles: [{ id: 'role_01h455vb4pex5vsknk084sn02q', name: 'Owner' }],
  hasTwoFactor: false,
  lastLoginAt: null,
  version: 1,
  createdAt: '2026-11-21T09:00:00.000Z',
  updatedAt: '2026-11-21T09:00:00.000Z',
};
const sample = { staff: sampleStaff };

export const staffCreated = defineEvent('staff.created', data, { about: 'Somebody joined the staff.', sample });
export const staffUpdated = defineEvent('staff.updated', data, {
  about: "A staff member's name or address changed.",
  sample,
});
export const staffRolesChanged = defineEvent('staff.roles_changed', data, {
  about: 'The roles of a staff member changed.',
  sample,
});
export const staffDisabled = defineEvent('staff.disabled', data, {
  about: 'A staff member was disabled and their sessions ended.',
  sample: { staff: { ...sampleStaff, status: 'disabled' } },
});
export const staffEnabled = defineEvent('staff.enabled', data, {
  about: 'A disabled staff member may log in again.',
  sample,
});
export type StaffEvent = typeof staffCreated;
