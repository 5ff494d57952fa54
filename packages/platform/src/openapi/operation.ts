import type { Type } from '@nestjs/common';
import { allPermissions, allScopes } from '@souk/domain/kernel/access';
import type { z } from 'zod';
import { cacheableOf } from '../http/cacheable.ts';
import { answerOf, fileOf, schemaOf } from '../http/contract-class.ts';
import type { DeclaredRoute } from '../http/declared-routes.ts';
import { takesRawBody } from '../http/raw-body.ts';
import { takesSignedBody } from '../http/signed-body.ts';
import { uploadOf } from '../http/upload.ts';
import { headerParameter, sharedParameters, takesIdempotencyKey } from './header-parameters.ts';
import { PROBLEMS, problemsOf } from './problems.ts';
import { type RouteArgument, routeArguments, takenOf } from './route-arguments.ts';
import { type JsonSchema, jsonSchemaOf, type Schemas } from './schemas.ts';

const HTTP_CODE = '__httpCode__';

/** One operation of the document. Throws if a route declares no answer, or takes something that has no contract. */
export function operationOf(route: DeclaredRoute, schemas: Schemas): JsonSchema {
  const given = [...routeArguments(route.controller, route.handlerName), ...takenOf(route)];
  const parameters = [...parametersOf(route, given), ...sharedParameters(route)];
  const body = given.find(({ where }) => where === 'body');
  return {
    operationId: operationIdOf(route),
    summary: summaryOf(route),
    tags: [tagOf(route.path)],
    description: accessSentence(route),
    ...accessMarks(route),
    security: securityOf(route),
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: requestBody(dtoOfBody(route, body), schemas) }),
    ...streamedBody(route),
    responses: { ...success(route, schemas), ...problems(route, given) },
  };
}

// A body that may be left out is one whose every field may.
const requestBody = (dto: Type, schemas: Schemas): JsonSchema => ({
  required: schemaOf(dto)?.safeParse({}).success !== true,
  content: json(schemas.of(dto, 'input')),
});

// What a handler reads by itself: a form with a file, or bytes as they come.
function streamedBody({ controller, handlerName }: DeclaredRoute): JsonSchema {
  const handler: object = controller.prototype[handlerName];
  const bytes = { type: 'string', contentMediaType: 'application/octet-stream' };
  if (takesRawBody(handler) || takesSignedBody(handler))
    return { requestBody: { required: true, content: { '*/*': { schema: bytes } } } };
  const form = uploadOf(handler);
  if (!form) return {};
  const { properties, required, ...fields } = jsonSchemaOf(form.fields.schema, 'input');
  const schema = {
    ...fields,
    properties: { ...(properties as JsonSchema), file: { ...bytes, description: form.file } },
    required: ['file', ...(Array.isArray(required) ? required : [])],
  };
  return { requestBody: { required: true, content: { 'multipart/form-data': { schema } } } };
}

const json = (schema: JsonSchema) => ({ 'application/json': { schema } });
const words = (name: string) => name.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase();
const nounOf = ({ controller }: DeclaredRoute) => controller.name.replace(/Controller$/, '');
const tagOf = (path: string) => path.split('/')[2] ?? 'other';

/** Unique, stable, and a good name of a function: `RolesController.create` → `rolesCreate`. */
function operationIdOf(route: DeclaredRoute): string {
  const noun = nounOf(route);
  const handler = route.handlerName.charAt(0).toUpperCase() + route.handlerName.slice(1);
  return noun.charAt(0).toLowerCase() + noun.slice(1) + handler;
}

const summaryOf = (route: DeclaredRoute) =>
  route.says ?? `${words(nounOf(route))}: ${words(route.handlerName)}`.replace(/^./, (first) => first.toUpperCase());

function accessSentence({ access }: DeclaredRoute): string {
  // A word may be both, and says something else at each API.
  const sentenceOf = (declared: { name: string; sentence: string }[], word: string) =>
    declared.find(({ name }) => name === word)?.sentence ?? '';
  switch (access?.kind) {
    case 'permission':
      return `Needs the permission \`${access.permission}\` (${sentenceOf(allPermissions(), access.permission)}).${alsoScope(access.permission)}`;
    case 'scope':
      return `Needs the scope \`${access.scope}\` (${sentenceOf(allScopes(), access.scope)}).${access.customer ? " Needs a customer's access token as well." : ''}${alsoPermission(access.scope)}`;
    case 'signed-in':
      return 'Any signed-in staff member, about themselves. API keys are refused.';
    default:
      return 'Open to everybody.';
  }
}

// A secret key that holds such a word opens the routes of both APIs; staff never come to the storefront's.
const alsoScope = (word: string): string =>
  allScopes().some(({ name }) => name === word)
    ? ` A secret key that holds \`${word}\` for the storefront API has this permission as well.`
    : '';

const alsoPermission = (word: string): string =>
  allPermissions().some(({ name }) => name === word)
    ? ` In a secret key the word is a permission as well, and opens the admin API's routes of that name; a publishable key holds the scope alone.`
    : '';

function accessMarks({ access }: DeclaredRoute): JsonSchema {
  if (access?.kind === 'permission') return { 'x-permission': access.permission };
  return access?.kind === 'scope' ? { 'x-scope': access.scope } : {};
}

function securityOf({ access }: DeclaredRoute): JsonSchema[] {
  if (access?.kind === 'public') return [];
  if (access?.kind === 'scope') return [access.customer ? { apiKey: [], customerToken: [] } : { apiKey: [] }];
  return access?.kind === 'signed-in' ? [{ staffToken: [] }] : [{ staffToken: [] }, { secretKey: [] }];
}

function parametersOf(route: DeclaredRoute, given: readonly RouteArgument[]): JsonSchema[] {
  const named = given.flatMap((argument) => {
    if (argument.where === 'body') return [];
    return argument.name === undefined ? allFields(route, argument) : [oneField(argument, argument.name)];
  });
  const inPath = [...route.path.matchAll(/:([^/]+)/g)].map((match) => match[1]);
  for (const name of inPath) {
    if (!named.some((field) => field['in'] === 'path' && field['name'] === name)) {
      throw new Error(`${route.method} ${route.path} does not say what :${name} is; use idParam() or pathParam()`);
    }
  }
  return named;
}

function oneField({ where, schema }: RouteArgument, name: string): JsonSchema {
  if (where === 'header') return headerParameter(name);
  return {
    name,
    in: where,
    required: where === 'path',
    schema: schema ? jsonSchemaOf(schema, 'input') : { type: 'string' },
  };
}

function allFields(route: DeclaredRoute, { where, schema }: RouteArgument): JsonSchema[] {
  const whole = schema && jsonSchemaOf(schema as z.ZodType, 'input');
  const properties = whole?.['properties'];
  if (!properties)
    throw new Error(`${route.method} ${route.path} takes a ${where} without a contract; use a class made with dtoOf()`);
  const required = new Set(Array.isArray(whole['required']) ? whole['required'] : []);
  return Object.entries(properties).map(([name, { description, ...inner }]) => ({
    name,
    in: where,
    required: where === 'path' || required.has(name),
    // `option[Colour]=Red`
    ...(where === 'query' && inner['type'] === 'object' && { style: 'deepObject', explode: true }),
    ...(description && { description }),
    schema: inner,
  }));
}

function dtoOfBody(route: DeclaredRoute, body: RouteArgument): Type {
  if (body.dto) return body.dto;
  throw new Error(`${route.method} ${route.path} takes a body without a contract; use a class made with dtoOf()`);
}

function success(route: DeclaredRoute, schemas: Schemas): JsonSchema {
  const handler: object = route.controller.prototype[route.handlerName];
  const answer = answerOf(handler);
  const headers = {
    'X-Request-Id': { $ref: '#/components/headers/RequestId' },
    RateLimit: { $ref: '#/components/headers/RateLimit' },
    'RateLimit-Policy': { $ref: '#/components/headers/RateLimitPolicy' },
    ...(takesIdempotencyKey(route) && { 'Idempotency-Replayed': { $ref: '#/components/headers/IdempotencyReplayed' } }),
  };
  if (answer) {
    const description = answer.description ?? 'Done.';
    return { [answer.status]: { description, headers, content: json(schemas.of(answer.dto as Type, 'output')) } };
  }
  const cacheable = cacheableOf(handler);
  if (cacheable) {
    const tagged = {
      ...headers,
      ETag: { description: 'Send it as If-None-Match next time.', required: true, schema: { type: 'string' } },
    };
    return {
      200: { description: 'Done.', headers: tagged, content: json(schemas.of(cacheable.type as Type, 'output')) },
      ...(cacheable.moves && { 301: moved(tagged) }),
      304: { description: 'What you have is still good.', headers: tagged },
    };
  }
  const file = fileOf(handler);
  if (file)
    return {
      200: { description: file.description, headers, content: { [file.type]: { schema: { type: 'string' } } } },
    };
  const status: number | undefined = Reflect.getMetadata(HTTP_CODE, handler);
  if (status === 204 || status === 202) return { [status]: { description: 'Done; there is nothing to say.', headers } };
  throw new Error(
    `${route.method} ${route.path} does not say what it answers; add @ZodResponse, @FileResponse or @HttpCode(204)`,
  );
}

const moved = (headers: JsonSchema): JsonSchema => ({
  description: 'It has moved; `Location` says where.',
  headers: { ...headers, Location: { description: 'Its path now.', required: true, schema: { type: 'string' } } },
});

const problems = (route: DeclaredRoute, given: readonly RouteArgument[]): JsonSchema =>
  Object.fromEntries(
    problemsOf(route, given).map((status) => [status, { $ref: `#/components/responses/${PROBLEMS[status]?.name}` }]),
  );
