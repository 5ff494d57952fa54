import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { defineEvent } from '../../kernel/events.ts';
import { inviteView } from './invites.contract.ts';

const data = z.object({ invite: inviteView });
const sample: z.input<typeof data> = {
  invite: {
    id: 'inv_01h455vb4pex5vsknk084sn02q',
    email: 'bola@example.com',
    roles: [{ id: 'role_01h455vb4pex5vsknk084sn02q', name: 'Support' }],
    status: 'pending',
    invitedBy: 'stf_01h455vb4pex5vsknk084sn02q',
    sentCount: 1,
    expiresAt: '2026-11-28T09:00:00.000Z',
    acceptedAt: null,
    acceptedBy: null,
    revokedAt: null,
    createdAt: '2026-11-21T09:00:00.000Z',
  },
};

/** Sent, or sent again. The token is for the mail to the invited address alone. */
export const staffInvited = defineEvent('staff.invited', data, {
  about: 'Somebody was invited to the staff, or invited again. The link is in the mail only.',
  sample,
  privately: z.object({ token: z.string(), expiresAt: instant }),
});
export const inviteRevoked = defineEvent('invite.revoked', data, {
  about: 'An invitation was taken back.',
  sample: { invite: { ...sample.invite, status: 'revoked', revokedAt: '2026-11-22T09:00:00.000Z' } },
});
export const inviteAccepted = defineEvent('invite.accepted', data, {
  about: 'An invited person joined the staff.',
  sample: {
    invite: {
      ...sample.invite,
      status: 'accepted',
      acceptedAt: '2026-11-22T09:00:00.000Z',
      acceptedBy: 'stf_01h455vb4pex5vsknk084sn02r',
    },
  },
});
