type Json = Record<string, unknown>;

/** One operation of an OpenAPI document, its references followed. */
export interface Operation {
  readonly method: string;
  /** With `{name}` parts. */
  readonly path: string;
  readonly permission: string | undefined;
  readonly scope: string | undefined;
  readonly isPublic: boolean;
  readonly takesIdempotencyKey: boolean;
  readonly pathParameters: readonly { name: string; schema: Json }[];
  readonly queryParameters: readonly { name: string; schema: Json; required: boolean }[];
  readonly body: Json | undefined;
}

interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  schema: Json;
}

/** Every operation of a document. */
export function operationsOf(document: Json): Operation[] {
  const paths = document['paths'] as Record<string, Record<string, Json>>; // documents here are our own
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const parameters = ((operation['parameters'] ?? []) as Json[]).map(
        (one) => followed(document, one) as unknown as Parameter,
      );
      const content = (operation['requestBody'] as { content?: Record<string, { schema: Json }> } | undefined)?.content;
      return {
        method: method.toUpperCase(),
        path,
        permission: operation['x-permission'] as string | undefined,
        scope: operation['x-scope'] as string | undefined,
        isPublic: (operation['security'] as unknown[]).length === 0,
        takesIdempotencyKey: parameters.some((one) => one.name === 'Idempotency-Key'),
        pathParameters: parameters.filter((one) => one.in === 'path'),
        queryParameters: parameters
          .filter((one) => one.in === 'query')
          .map((one) => ({ ...one, required: one.required === true })),
        body: content?.['application/json'] && followed(document, content['application/json'].schema),
      };
    }),
  );
}

/** The schema behind a reference; itself if it is none. */
export function followed(document: Json, schema: Json): Json {
  const reference = schema['$ref'];
  if (typeof reference !== 'string') return schema;
  let found: unknown = document;
  for (const part of reference.slice(2).split('/')) found = (found as Json | undefined)?.[part];
  return found as Json; // a reference we wrote ourselves
}

/** The prefix of the ids a schema describes, like `role`; undefined if it describes something else. */
export const idPrefixOf = (schema: Json): string | undefined =>
  /^\^([a-z]+)_\[0-7\]/.exec(String(schema['pattern'] ?? ''))?.[1];
