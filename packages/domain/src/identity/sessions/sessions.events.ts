import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { defineEvent } from '../../kernel/events.ts';
import { idOf } from '../../kernel/ids.ts';
import { staffView } from '../staff/staff.contract.ts';
import { sampleStaff } from '../staff/staff.events.ts';

const data = z.object({
  staff: staffView,
  session: z.object({
    id: idOf('ses'),
    ip: z.string().nullable(),
    userAgent: z.string().nullable(),
    createdAt: instant,
  }),
});

/** A refresh token came a second time: somebody has a copy. The session was ended. */
export const sessionReuseDetected = defineEvent('session.reuse_detected', data, {
  about: "A staff member's refresh token was used a second time, so somebody has a copy; the session was ended.",
  sample: {
    staff: sampleStaff,
    session: {
      id: 'ses_01h455vb4pex5vsknk084sn02q',
      ip: '192.0.2.7',
      userAgent: 'Firefox',
      createdAt: '2026-11-21T09:00:00.000Z',
    },
  },
});
