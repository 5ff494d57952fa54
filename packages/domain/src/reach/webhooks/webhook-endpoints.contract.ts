import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { listQuery, pageOf } from '../../kernel/page.ts';
import { prose } from '../../kernel/text.ts';
import { eventPattern } from '../event-log/event-log.contract.ts';
import { headerNameFault, headerValueFault } from './endpoint-headers.ts';
import { urlFault } from './endpoint-url.ts';

export const HEADERS_MAX = 20;
const URL_LENGTH_MAX = 2_000;
const DESCRIPTION_LENGTH_MAX = 500;
const PATTERNS_MAX = 100;
const HEADER_NAME_LENGTH_MAX = 100;
const HEADER_VALUE_LENGTH_MAX = 1_000;
const OVERLAP_HOURS_MAX = 7 * 24;
const OVERLAP_HOURS_DEFAULT = 24;

const url = z
  .string()
  .trim()
  .min(1)
  .max(URL_LENGTH_MAX)
  .superRefine((text, context) => {
    const message = urlFault(text);
    if (message) context.addIssue({ code: 'custom', params: { code: 'invalid_url' }, message });
  })
  .meta({
    format: 'uri',
    description: 'Where deliveries are posted to. https only; http to your own machine while developing.',
    example: 'https://erp.example.com/souk',
  });

const events = z
  .array(eventPattern)
  .min(1, { error: 'Name at least one event, or * for all of them.' })
  .max(PATTERNS_MAX)
  .meta({ description: 'What to send: names of events, `order.*` for all of a noun, `*` for everything.' });

const fields = {
  url,
  description: prose(DESCRIPTION_LENGTH_MAX),
  events,
  ordered: z.boolean().meta({
    description:
      'True: the next event is sent only when the one before was taken. Slower, and one failure holds up all.',
  }),
};

const headerValue = z.string().max(HEADER_VALUE_LENGTH_MAX);

/** Headers by name, in any case. `value` says what stands for one. */
const headersOf = <Value extends z.ZodType<string | null>>(value: Value) =>
  z.record(z.string().max(HEADER_NAME_LENGTH_MAX), value).superRefine((headers, context) => {
    const seen = new Set<string>();
    const refuse = (path: string[], code: string, message: string) =>
      context.addIssue({ code: 'custom', params: { code }, path, message });
    for (const [name, text] of Object.entries(headers)) {
      const nameFault = headerNameFault(name);
      const valueFault = text === null ? undefined : headerValueFault(text);
      if (nameFault) refuse([name], 'invalid_header_name', nameFault);
      else if (valueFault) refuse([name], 'invalid_header_value', valueFault);
      else if (seen.has(name.toLowerCase())) refuse([name], 'header_twice', 'This header is named twice.');
      seen.add(name.toLowerCase());
    }
    if (seen.size > HEADERS_MAX) refuse([], 'too_big', `Expected at most ${HEADERS_MAX} headers.`);
  });

const HEADERS_ARE = 'Sent with every delivery besides our own. The values are kept secret and never shown again';

export const newEndpoint = z.strictObject({
  url: fields.url,
  description: fields.description.default(''),
  events: fields.events,
  headers: headersOf(headerValue)
    .default({})
    .meta({ description: `${HEADERS_ARE}.` }),
  ordered: fields.ordered.default(false),
  active: z
    .boolean()
    .default(true)
    .meta({ description: 'False: it is made, and nothing is sent until it is enabled.' }),
});
export type NewEndpoint = z.infer<typeof newEndpoint>;

export const endpointPatch = z
  .strictObject({
    ...fields,
    headers: headersOf(headerValue.nullable()).meta({
      description: `${HEADERS_ARE}. Those not named here stay as they are; null removes one.`,
    }),
    status: z.enum(['enabled', 'disabled']).meta({
      description:
        'While disabled nothing new is noted for it, and what waits goes on waiting. Enabling forgets earlier failures and sends what waits at once; what it missed is had with POST /v1/webhook-redeliveries.',
    }),
  })
  .partial();
export type EndpointPatch = z.infer<typeof endpointPatch>;

export const endpointView = z.object({
  id: idOf('wep'),
  url: z.string(),
  description: z.string(),
  events: z.array(z.string()),
  headerNames: z.array(z.string()).meta({ description: 'In lower case. Their values are never shown.' }),
  ordered: z.boolean(),
  status: z.enum(['enabled', 'disabled']),
  disabledReason: z.enum(['by_hand', 'gone', 'failing']).nullable().meta({
    description: '`by_hand`: by staff; `gone`: it answered 410; `failing`: nothing but failures for days.',
  }),
  disabledAt: instant.nullable(),
  failingSince: instant
    .nullable()
    .meta({ description: 'Since when nothing but failures; null: the last one went well.' }),
  pausedUntil: instant
    .nullable()
    .meta({ description: 'It failed so often that until then nothing but a probe is sent.' }),
  lastSuccessAt: instant.nullable(),
  secretLastFour: z.string(),
  secretFingerprint: z.string().meta({
    description: 'The beginning of the SHA-256 of the signing secret, `whsec_` included, to tell secrets apart.',
  }),
  previousSecretUntil: instant.nullable().meta({
    description: 'Until then deliveries carry a signature of the secret before as well.',
  }),
  version: z.int(),
  createdAt: instant,
  updatedAt: instant,
});
export type EndpointView = z.infer<typeof endpointView>;

/** The one answer that holds the secret itself. */
export const endpointMade = endpointView.extend({
  secret: z.string().meta({
    description: 'Signs deliveries as Standard Webhooks say. Shown this once: keep it where secrets are kept.',
    example: 'whsec_…',
  }),
});
export type EndpointMade = z.infer<typeof endpointMade>;

export const secretRotation = z.strictObject({
  overlapHours: z.int().min(0).max(OVERLAP_HOURS_MAX).default(OVERLAP_HOURS_DEFAULT).meta({
    description: 'How long the secret before signs as well. 0: it ends at once. One before that ends in any case.',
  }),
});
export type SecretRotation = z.infer<typeof secretRotation>;

export const endpointsQuery = listQuery.extend({ status: z.enum(['enabled', 'disabled']).optional() });
export type EndpointsQuery = z.infer<typeof endpointsQuery>;
export const endpointsPage = pageOf(endpointView);
