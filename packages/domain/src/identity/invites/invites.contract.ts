import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { listQuery, pageOf } from '../../kernel/page.ts';
import { email } from '../../kernel/text.ts';
import { newPassword } from '../passwords/passwords.contract.ts';
import { heldRole, roleIds, staffName } from '../staff/staff.contract.ts';

const TOKEN_MAX = 120;
const inviteStatus = z.enum(['pending', 'accepted', 'revoked', 'expired']);

export const newInvite = z.strictObject({ email, roleIds });
export type NewInvite = z.infer<typeof newInvite>;

/** The token is in the mail and nowhere else. */
export const inviteView = z.object({
  id: idOf('inv'),
  email: z.string(),
  roles: z.array(heldRole).meta({
    description: 'What it promises. Empty once it is accepted or taken back: the audit log has what it promised then.',
  }),
  status: inviteStatus,
  invitedBy: z.string().meta({ description: 'The id of the staff member or key.' }),
  sentCount: z.int(),
  expiresAt: instant,
  acceptedAt: instant.nullable(),
  acceptedBy: idOf('stf').nullable(),
  revokedAt: instant.nullable(),
  createdAt: instant,
});
export type InviteView = z.infer<typeof inviteView>;

export const invitePage = pageOf(inviteView);
export const inviteQuery = listQuery.extend({ status: inviteStatus.optional() });
export type InviteQuery = z.infer<typeof inviteQuery>;

export const inviteAcceptance = z.strictObject({
  token: z.string().min(1).max(TOKEN_MAX),
  name: staffName,
  password: newPassword,
});
export type InviteAcceptance = z.infer<typeof inviteAcceptance>;
