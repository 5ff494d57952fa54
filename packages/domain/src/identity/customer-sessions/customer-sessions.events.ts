import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { defineEvent } from '../../kernel/events.ts';
import { idOf } from '../../kernel/ids.ts';
import { customerView } from '../customers/customers.contract.ts';
import { sampleCustomer } from '../customers/customers.events.ts';

/** A customer's refresh token came a second time: somebody has a copy. The session was ended. */
export const customerReuseDetected = defineEvent(
  'customer.session_reuse_detected',
  z.object({
    customer: customerView,
    session: z.object({
      id: idOf('cses'),
      ip: z.string().nullable(),
      userAgent: z.string().nullable(),
      createdAt: instant,
    }),
  }),
  {
    about: "A customer's refresh token was used a second time, so somebody has a copy; the session was ended.",
    sample: {
      customer: sampleCustomer,
      session: {
        id: 'cses_01h455vb4pex5vsknk084sn02q',
        ip: '192.0.2.7',
        userAgent: 'Firefox',
        createdAt: '2026-11-21T09:00:00.000Z',
      },
    },
  },
);
