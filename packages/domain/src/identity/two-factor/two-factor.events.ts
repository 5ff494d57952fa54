import { z } from 'zod';
import { defineEvent } from '../../kernel/events.ts';
import { staffView } from '../staff/staff.contract.ts';
import { sampleStaff } from '../staff/staff.events.ts';

const data = z.object({ staff: staffView });

export const twoFactorEnabled = defineEvent('staff.two_factor_enabled', data, {
  about: 'A staff member logs in with a second factor from now on.',
  sample: { staff: { ...sampleStaff, hasTwoFactor: true } },
});
export const twoFactorDisabled = defineEvent('staff.two_factor_disabled', data, {
  about: 'A staff member logs in without a second factor again.',
  sample: { staff: sampleStaff },
});
