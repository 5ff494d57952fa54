import { z } from 'zod';
import { defineEvent } from '../../kernel/events.ts';
import { endpointView } from './webhook-endpoints.contract.ts';

// Without what changes with every delivery, and without anything of the secret.
const endpointInEvents = endpointView.omit({
  pausedUntil: true,
  lastSuccessAt: true,
  secretLastFour: true,
  secretFingerprint: true,
});

const endpoint: z.input<typeof endpointInEvents> = {
  id: 'wep_01h455vb4pex5vsknk084sn02q',
  url: 'https://erp.example.com/souk',
  description: 'Orders for the warehouse',
  events: ['order.*', 'refund.succeeded'],
  headerNames: ['authorization'],
  ordered: false,
  status: 'enabled',
  disabledReason: null,
  disabledAt: null,
  failingSince: null,
  previousSecretUntil: null,
  version: 1,
  createdAt: '2026-11-21T09:00:00.000Z',
  updatedAt: '2026-11-21T09:00:00.000Z',
};

const data = z.object({ endpoint: endpointInEvents });

export const endpointCreated = defineEvent('webhook_endpoint.created', data, {
  about: 'A webhook endpoint was made.',
  sample: { endpoint },
});
export const endpointUpdated = defineEvent('webhook_endpoint.updated', data, {
  about: 'A webhook endpoint changed, or was enabled or disabled by hand.',
  sample: { endpoint: { ...endpoint, version: 2 } },
});
export const endpointDeleted = defineEvent('webhook_endpoint.deleted', data, {
  about: 'A webhook endpoint was deleted.',
  sample: { endpoint },
});
export const endpointSecretRotated = defineEvent('webhook_endpoint.secret_rotated', data, {
  about: 'A webhook endpoint got a new signing secret.',
  sample: { endpoint: { ...endpoint, previousSecretUntil: '2026-11-22T09:00:00.000Z', version: 2 } },
});

const disabled = z.object({
  endpoint: endpointInEvents,
  reason: z.enum(['by_hand', 'gone', 'failing']),
  detail: z.string().nullable().meta({ description: 'What went wrong last, in one sentence.' }),
});
export const endpointDisabled = defineEvent('webhook_endpoint.disabled', disabled, {
  about:
    'A webhook endpoint was switched off: by hand, because it answered 410, or after days of nothing but failures.',
  sample: {
    endpoint: {
      ...endpoint,
      status: 'disabled',
      disabledReason: 'failing',
      disabledAt: '2026-11-26T09:00:00.000Z',
      failingSince: '2026-11-21T09:00:00.000Z',
      version: 2,
    },
    reason: 'failing',
    detail: 'The server answered 500.',
  },
});
