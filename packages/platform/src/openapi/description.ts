import type { ApiDescription } from '../api-description.ts';
import { declaredRoutes } from '../http/declared-routes.ts';
import { openApiDocument } from './document.ts';

/** One line of the list of routes. */
export interface RouteLine {
  method: string;
  path: string;
  access: string;
}

/** What is written down of an API: its OpenAPI document and who may call which route. */
export interface WrittenDescription {
  document: Record<string, unknown>;
  routes: RouteLine[];
}

/** Describes an API without starting it. */
export const describeApi = (api: ApiDescription): WrittenDescription => ({
  document: openApiDocument(api),
  routes: declaredRoutes(api.controllers).map(({ method, path, access }) => ({
    method,
    path,
    access:
      access?.kind === 'permission'
        ? access.permission
        : access?.kind === 'scope'
          ? access.scope
          : (access?.kind ?? ''),
  })),
});
