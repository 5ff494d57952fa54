import { z } from 'zod';
import { idOf } from '../../kernel/ids.ts';

const TYPE_LENGTH_MAX = 100;

const type = z.string().min(1).max(TYPE_LENGTH_MAX).meta({ example: 'order.paid' });

export const newTestEvent = z.strictObject({ type });
export type NewTestEvent = z.infer<typeof newTestEvent>;

export const endpointTestEvent = z.strictObject({
  type: type.optional().meta({ description: 'Without it: the first that the endpoint wants.' }),
});
export type EndpointTestEvent = z.infer<typeof endpointTestEvent>;

export const testEventView = z.object({
  eventId: idOf('evt'),
  type: z.string(),
  endpointCount: z.int().meta({ description: 'How many endpoints will get it.' }),
  deliveryId: idOf('whd').nullable().meta({
    description: 'Where to see what became of it, if it is for one endpoint. Otherwise ask for those of the event.',
  }),
});
export type TestEventView = z.infer<typeof testEventView>;
