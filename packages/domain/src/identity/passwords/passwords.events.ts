import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { defineEvent } from '../../kernel/events.ts';
import { staffView } from '../staff/staff.contract.ts';
import { sampleStaff } from '../staff/staff.events.ts';

const data = z.object({ staff: staffView });

/** The token is for the mail to the person alone; the mail's link starts with the configured address of the admin. */
export const passwordResetRequested = defineEvent('staff.password_reset_requested', data, {
  about: "Somebody asked for a link to reset a staff member's password. The link is in the mail only.",
  sample: { staff: sampleStaff },
  privately: z.object({ token: z.string(), expiresAt: instant }),
});

/** Changed or reset; the person gets a mail about it, in case it was somebody else. */
export const passwordChanged = defineEvent('staff.password_changed', data, {
  about: 'A staff member changed or reset their password.',
  sample: { staff: sampleStaff },
});
