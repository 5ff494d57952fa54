import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { eventPattern } from '../event-log/event-log.contract.ts';

export const newRedelivery = z
  .strictObject({
    endpointId: idOf('wep'),
    status: z.literal('failed').optional().meta({
      description:
        'Only deliveries that were given up. Without it: everything the endpoint wants that happened since `since`, whether it got it or not.',
    }),
    eventType: eventPattern.optional().meta({ description: 'Only these events.' }),
    since: instant.optional().meta({ description: 'Only events from then on; needed without `status`.' }),
    until: instant.optional().meta({ description: 'Only events up to then.' }),
    dryRun: z.boolean().default(false).meta({ description: 'True: only count them.' }),
  })
  .superRefine(({ status, since, until }, context) => {
    const refuse = (name: string, code: string, message: string) =>
      context.addIssue({ code: 'custom', params: { code }, path: [name], message });
    if (status === undefined && since === undefined)
      refuse('since', 'required', 'Say since when, or take those that failed: "status": "failed".');
    if (since !== undefined && until !== undefined && Date.parse(until) < Date.parse(since))
      refuse('until', 'until_before_since', 'Expected a time after `since`.');
  });
export type NewRedelivery = z.infer<typeof newRedelivery>;

export const redeliveryView = z.object({
  endpointId: idOf('wep'),
  dryRun: z.boolean(),
  count: z.int().meta({ description: 'How many deliveries are to be sent again, or for the first time.' }),
});
export type RedeliveryView = z.infer<typeof redeliveryView>;
