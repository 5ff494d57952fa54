import type { DeclaredRoute } from '../http/declared-routes.ts';
import type { JsonSchema } from './schemas.ts';

const LENGTH_MAX = 255;

/** What the headers that handlers read are for, by their names in lower case, and how they are written. */
const HEADERS: Readonly<Record<string, { name: string; description: string; schema?: JsonSchema }>> = {
  'x-cart-token': {
    name: 'X-Cart-Token',
    description:
      "Opens a guest's cart: the `token` that `POST /v1/carts` gave, once. A cart that a customer claimed opens to that customer's access token alone.",
  },
  'x-order-token': {
    name: 'X-Order-Token',
    description:
      "Opens an order and its payment to whoever is not logged in: `order.token` of the checkout, or the token of a mailed link. Its customer's access token opens it as well.",
  },
  'if-match': {
    name: 'If-Match',
    description:
      'The `version` you read: the change is made only if nobody made another one since, else 412. Left out, it is made in any case.',
    schema: { type: 'string', examples: ['7'] },
  },
  'last-event-id': {
    name: 'Last-Event-ID',
    description: 'The `id` of the last event you got: what came since is sent first. Browsers send it by themselves.',
    schema: { type: 'string', examples: ['evt_01h455vb4pex5vsknk084sn02q'] },
  },
  'if-none-match': {
    name: 'If-None-Match',
    description: 'The ETag of the answer you have: 304 if it is still good.',
  },
};

/** A header that a handler reads, as a parameter of its operation. */
export function headerParameter(given: string): JsonSchema {
  const known = HEADERS[given.toLowerCase()];
  const schema = known?.schema ?? { type: 'string' };
  if (!known) return { name: given, in: 'header', required: false, schema };
  return { name: known.name, in: 'header', required: false, description: known.description, schema };
}

const KEY_SCHEMA = { type: 'string', minLength: 1, maxLength: LENGTH_MAX };
const KEPT =
  'A name of your own for this request, kept 72 hours: repeated with the same body it gets the first answer, with `Idempotency-Replayed: true`.';

/** Parameters that routes share. */
export const SHARED_PARAMETERS: Readonly<Record<string, JsonSchema>> = {
  IdempotencyKey: { name: 'Idempotency-Key', in: 'header', required: false, description: KEPT, schema: KEY_SCHEMA },
  IdempotencyKeyNeeded: {
    name: 'Idempotency-Key',
    in: 'header',
    required: true,
    description: `${KEPT} New for each thing you want done, the same when you repeat a request; without it: 400 idempotency_key_required.`,
    schema: { ...KEY_SCHEMA, examples: ['8e03978e-40d5-43e8-bc93-6894a57f9324'] },
  },
  BuyerAddress: {
    name: 'X-Buyer-Address',
    in: 'header',
    required: false,
    description:
      "For a shop whose server calls this API with a secret key: the IP address of the visitor it calls for. Logins, codes and other tries are counted by it; without it all visitors share the server's count. Not believed beside a publishable key.",
    schema: { type: 'string', examples: ['203.0.113.7'] },
  },
};

const reference = (name: string): JsonSchema => ({ $ref: `#/components/parameters/${name}` });

/** Whether an `Idempotency-Key` sent along does something. */
export const takesIdempotencyKey = (route: DeclaredRoute): boolean =>
  route.method === 'POST' && route.access?.kind !== 'public' && !route.withoutIdempotency;

/** The shared parameters of a route: no handler names them, what stands before it reads them. */
export const sharedParameters = (route: DeclaredRoute): JsonSchema[] => [
  ...(takesIdempotencyKey(route)
    ? [reference(route.needsIdempotencyKey ? 'IdempotencyKeyNeeded' : 'IdempotencyKey')]
    : []),
  ...(route.access?.kind === 'scope' && route.method !== 'GET' ? [reference('BuyerAddress')] : []),
];
