import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { listQuery, pageOf } from '../../kernel/page.ts';
import { eventPattern } from '../event-log/event-log.contract.ts';

const status = z.enum(['pending', 'succeeded', 'failed']);

export const deliveryView = z.object({
  id: idOf('whd'),
  endpointId: idOf('wep'),
  eventId: idOf('evt'),
  eventType: z.string(),
  status: status.meta({ description: '`failed`: given up; it can be asked for again.' }),
  attemptCount: z.int().meta({ description: 'Attempts begun since it was noted, or since it was asked for again.' }),
  nextAttemptAt: instant.nullable().meta({ description: 'While pending: not before this.' }),
  lastStatusCode: z
    .int()
    .nullable()
    .meta({ description: 'Of the last attempt; null: there was no answer, or no attempt.' }),
  lastError: z.string().nullable(),
  redeliveries: z.int().meta({ description: 'How many times somebody asked for it again.' }),
  createdAt: instant,
  endedAt: instant.nullable(),
});
export type DeliveryView = z.infer<typeof deliveryView>;

export const attemptView = z.object({
  id: idOf('wha'),
  number: z.int().meta({ description: 'From 1; goes on counting when it is asked for again.' }),
  at: instant,
  durationMs: z.int(),
  statusCode: z.int().nullable(),
  error: z.string().nullable().meta({ description: 'Why it counts as failed; null: it went well.' }),
  responseBody: z.string().nullable().meta({ description: 'The first 4 KiB of the answer.' }),
});
export type AttemptView = z.infer<typeof attemptView>;

export const deliveryDetails = deliveryView.extend({
  attempts: z.array(attemptView).meta({ description: 'The oldest first; the last hundred of them.' }),
  payload: z
    .object({
      id: idOf('evt'),
      type: z.string(),
      timestamp: instant,
      sequence: z.int(),
      data: z.unknown(),
      test: z.boolean().optional(),
    })
    .meta({ description: 'What is sent, the same with every attempt.' }),
});
export type DeliveryDetails = z.infer<typeof deliveryDetails>;

export const deliveriesQuery = listQuery.extend({
  endpointId: idOf('wep').optional(),
  eventId: idOf('evt').optional(),
  eventType: eventPattern.optional(),
  status: status.optional(),
  createdGte: instant.optional().meta({ description: 'Of events of this moment and later.' }),
  createdLte: instant.optional().meta({ description: 'Of events of this moment and earlier.' }),
});
export type DeliveriesQuery = z.infer<typeof deliveriesQuery>;
export const deliveriesPage = pageOf(deliveryView);
