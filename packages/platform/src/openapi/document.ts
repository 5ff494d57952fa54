import type { ApiDescription } from '../api-description.ts';
import { declaredRoutes } from '../http/declared-routes.ts';
import { SHARED_PARAMETERS } from './header-parameters.ts';
import { operationOf } from './operation.ts';
import { PROBLEM_SCHEMA, problemResponses } from './problems.ts';
import { type JsonSchema, Schemas } from './schemas.ts';

const VERSION = '1';

const ABOUT = {
  admin: {
    title: 'Souk admin API',
    description:
      'For the staff of a company and for its servers. Log in for an access token, or use a secret API key with the permissions it was given.',
  },
  storefront: {
    title: 'Souk storefront API',
    description: 'For shops: everything a buyer sees and does. Send the API key of the shop as `X-Api-Key`.',
  },
} as const;

const SECURITY = {
  admin: {
    staffToken: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: 'The access token of `POST /v1/auth/login`; 15 minutes.',
    },
    secretKey: {
      type: 'apiKey',
      in: 'header',
      name: 'X-Api-Key',
      description: 'A secret key. Publishable keys are refused here.',
    },
  },
  storefront: {
    apiKey: {
      type: 'apiKey',
      in: 'header',
      name: 'X-Api-Key',
      description: 'Publishable in browsers, secret on servers.',
    },
    customerToken: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: 'The access token of `POST /v1/customers/login`, beside the key; 15 minutes.',
    },
  },
} as const;

const SECONDS = { type: 'string', pattern: '^[0-9]+$' };
const LIMIT = '"(key|company|address)"';
const POLICY = `${LIMIT};q=[0-9]+;w=[0-9]+`;
const HEADERS = {
  RequestId: { description: 'The id of this request in our log.', required: true, schema: { type: 'string' } },
  RetryAfter: { description: 'Seconds after which to try again.', required: true, schema: SECONDS },
  RetryAfterIfAny: { description: 'Seconds after which to try again, where waiting helps.', schema: SECONDS },
  RateLimit: {
    description: 'What is left of the limit that ends first, and the seconds until it begins anew: `"key";r=99;t=42`.',
    schema: { type: 'string', pattern: `^${LIMIT};r=[0-9]+;t=[0-9]+$` },
  },
  RateLimitPolicy: {
    description:
      'The limits, in requests and seconds: `"key";q=100;w=60`. A secret key is counted by itself, a publishable one by the address of the visitor, and both for the company.',
    schema: { type: 'string', pattern: `^${POLICY}(, ${POLICY})*$` },
  },
  IdempotencyReplayed: {
    description: 'This is the answer of an earlier request with the same Idempotency-Key.',
    schema: { type: 'string', const: 'true' },
  },
};

/** The OpenAPI 3.1 document of an API, made from its running contracts. The same code gives the same document, byte for byte. */
export function openApiDocument({ name, controllers }: ApiDescription): JsonSchema {
  const schemas = new Schemas();
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const route of declaredRoutes(controllers)) {
    const path = route.path.replaceAll(/:([^/]+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route, schemas) };
  }
  return {
    openapi: '3.1.1',
    info: { ...ABOUT[name], version: VERSION, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: { ...schemas.all(), Problem: PROBLEM_SCHEMA },
      responses: problemResponses(),
      headers: HEADERS,
      parameters: SHARED_PARAMETERS,
      securitySchemes: SECURITY[name],
    },
  };
}
