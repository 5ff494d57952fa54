import { z } from 'zod';
import { idOf } from '../../kernel/ids.ts';
import { staffView } from '../staff/staff.contract.ts';

export const staffDisablement = z.strictObject({
  revokeKeys: z.boolean().default(false).meta({
    description: 'Also revokes the API keys this person made and that still work; needs api_keys.write.',
  }),
});
export type StaffDisablement = z.infer<typeof staffDisablement>;

const namedKey = z.object({ id: idOf('key'), name: z.string() });

/** Keys work for the company and outlive whoever made them: what becomes of them is said with the disablement. */
export const disabledStaff = staffView.extend({
  activeKeys: z.array(namedKey).meta({
    description: 'API keys this person made that still work: whoever copied one can use it until it is revoked.',
  }),
  revokedKeys: z.array(namedKey).meta({ description: 'API keys this person made that this request revoked.' }),
});
export type DisabledStaff = z.infer<typeof disabledStaff>;
