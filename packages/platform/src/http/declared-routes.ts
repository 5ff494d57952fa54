import { RequestMethod, type Type } from '@nestjs/common';
import { MetadataScanner } from '@nestjs/core';
import {
  ALSO_REFUSES,
  EVEN_SUSPENDED,
  NEEDS_IDEMPOTENCY_KEY,
  ROUTE_ACCESS,
  type RouteAccess,
  SAYS,
  WITHOUT_IDEMPOTENCY,
} from './allow.ts';

// Where Nest's decorators keep path and method. Its own names for them are not part of what it exports.
const PATH_METADATA = 'path';
const METHOD_METADATA = 'method';

/** A handler of a controller, with what its decorators say. */
export interface DeclaredRoute {
  readonly method: string;
  /** The path with `:name` parts, as it stands in the controller. */
  readonly path: string;
  readonly controller: Type;
  readonly handlerName: string;
  readonly access: RouteAccess | undefined;
  readonly evenSuspended: boolean;
  readonly withoutIdempotency: boolean;
  readonly needsIdempotencyKey: boolean;
  readonly alsoRefuses: readonly number[];
  /** What it does, in its own words; undefined: by its names. */
  readonly says: string | undefined;
}

type Handler = (...args: unknown[]) => unknown;

const metadata = <T>(key: string, handler: object): T | undefined => Reflect.getMetadata(key, handler);

/** Every route of the controllers, in the order of path and method. */
export function declaredRoutes(controllers: readonly Type[]): DeclaredRoute[] {
  const routes = controllers.flatMap((controller) => routesOf(controller));
  return routes.sort((a, b) => (`${a.path} ${a.method}` < `${b.path} ${b.method}` ? -1 : 1));
}

function routesOf(controller: Type): DeclaredRoute[] {
  const prefixes = listOf(metadata<string | string[]>(PATH_METADATA, controller));
  const names = new MetadataScanner().getAllMethodNames(controller.prototype);
  return names.flatMap((handlerName) => {
    const handler: Handler = controller.prototype[handlerName];
    const method = metadata<RequestMethod>(METHOD_METADATA, handler);
    if (method === undefined) return [];
    const paths = listOf(metadata<string | string[]>(PATH_METADATA, handler));
    return prefixes.flatMap((prefix) =>
      paths.map((path) => ({
        method: RequestMethod[method] ?? String(method),
        path: joined(prefix, path),
        controller,
        handlerName,
        access: metadata<RouteAccess>(ROUTE_ACCESS, handler),
        evenSuspended: metadata<boolean>(EVEN_SUSPENDED, handler) === true,
        withoutIdempotency: metadata<boolean>(WITHOUT_IDEMPOTENCY, handler) === true,
        needsIdempotencyKey: metadata<boolean>(NEEDS_IDEMPOTENCY_KEY, handler) === true,
        alsoRefuses: metadata<number[]>(ALSO_REFUSES, handler) ?? [],
        says: metadata<string>(SAYS, handler),
      })),
    );
  });
}

const listOf = (paths: string | string[] | undefined): string[] => (Array.isArray(paths) ? paths : [paths ?? '']);

const joined = (...parts: string[]) =>
  `/${parts
    .flatMap((part) => part.split('/'))
    .filter((part) => part !== '')
    .join('/')}`;

/** A route that does not say who may call it, or says it in a way that its API cannot check. Stops the boot. */
export class UndeclaredAccess extends Error {
  constructor(faults: readonly string[]) {
    super(
      `The app does not start, because access to these routes is not settled:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
    );
    this.name = 'UndeclaredAccess';
  }
}

/** Which ways of declaring access an API understands, and the words that exist. */
export interface AccessRules {
  readonly kinds: readonly RouteAccess['kind'][];
  /** What `@Allow` may name. */
  readonly permissions: ReadonlySet<string>;
  /** What `@Scope` may name. A word may be both, so each is asked of its own list. */
  readonly scopes: ReadonlySet<string>;
}

/** Throws `UndeclaredAccess` with every route that has no access, one of the wrong kind, or a word nobody declared. */
export function refuseUndeclaredAccess(
  routes: readonly DeclaredRoute[],
  { kinds, permissions, scopes }: AccessRules,
): void {
  const faults = routes.flatMap((route) => {
    const where = `${route.method} ${route.path} (${route.controller.name}.${route.handlerName})`;
    const { access } = route;
    if (!access) return [`${where}: add @Allow, @Scope, @SignedIn or @Public`];
    if (!kinds.includes(access.kind))
      return [`${where}: "${access.kind}" has no meaning in this API, use ${kinds.join(' or ')}`];
    if (access.kind === 'permission' && !permissions.has(access.permission))
      return [`${where}: no *.access.ts declares "${access.permission}" as a permission`];
    if (access.kind === 'scope' && !scopes.has(access.scope))
      return [`${where}: no *.access.ts declares "${access.scope}" as a scope`];
    return [];
  });
  if (faults.length > 0) throw new UndeclaredAccess(faults);
}
