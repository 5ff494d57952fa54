import type { Type } from '@nestjs/common';
import type { z } from 'zod';
import { takesOf } from '../http/asked.ts';
import { schemaOf } from '../http/contract-class.ts';
import type { DeclaredRoute } from '../http/declared-routes.ts';

// Where Nest keeps what its parameter decorators say: on the class, under `<kind>:<position>`.
const ROUTE_ARGUMENTS = '__routeArguments__';
const PARAMETER_TYPES = 'design:paramtypes';
const KINDS: Record<string, RouteArgument['where']> = { '3': 'body', '4': 'query', '5': 'path', '6': 'header' };

/** Something a handler takes from the request. */
export interface RouteArgument {
  readonly where: 'body' | 'query' | 'path' | 'header';
  /** The name of one query, path or header field; undefined when it takes all of them. */
  readonly name: string | undefined;
  readonly schema: z.ZodType | undefined;
  /** The class the schema comes from, for its name. */
  readonly dto: Type | undefined;
}

interface Stored {
  index: number;
  data?: string;
  pipes?: unknown[];
}

/** What a handler takes from the request, in the order of its parameters. */
export function routeArguments(controller: Type, handlerName: string): RouteArgument[] {
  const stored: Record<string, Stored> = Reflect.getMetadata(ROUTE_ARGUMENTS, controller, handlerName) ?? {};
  const types: Type[] = Reflect.getMetadata(PARAMETER_TYPES, controller.prototype, handlerName) ?? [];
  return Object.entries(stored)
    .sort(([, a], [, b]) => a.index - b.index)
    .flatMap(([key, { index, data, pipes }]) => {
      const where = KINDS[key.split(':')[0] ?? ''];
      if (!where) return [];
      const ofType = schemaOf(types[index]);
      return [{ where, name: data, schema: ofType ?? schemaOfPipes(pipes), dto: ofType ? types[index] : undefined }];
    });
}

/** What a handler on the fast lane takes, by its `@Takes`. */
export function takenOf({ controller, handlerName }: DeclaredRoute): RouteArgument[] {
  const { query, path = {} } = takesOf(controller.prototype[handlerName]) ?? {};
  const inPath = Object.entries(path).map(
    ([name, schema]): RouteArgument => ({ where: 'path', name, schema, dto: undefined }),
  );
  return query ? [...inPath, { where: 'query', name: undefined, schema: query, dto: undefined }] : inPath;
}

function schemaOfPipes(pipes: unknown[] | undefined): z.ZodType | undefined {
  for (const pipe of pipes ?? []) {
    if (typeof pipe === 'object' && pipe !== null && 'schema' in pipe) return pipe.schema as z.ZodType; // see `pathParam`
  }
  return undefined;
}
