import { SetMetadata } from '@nestjs/common';

/** Who may call a route. Every route says one of these, else the app does not boot (`declared-routes.ts`). */
export type RouteAccess =
  | { readonly kind: 'permission'; readonly permission: string }
  | { readonly kind: 'scope'; readonly scope: string; readonly customer?: true }
  | { readonly kind: 'signed-in' }
  | { readonly kind: 'public' };

export const ROUTE_ACCESS = 'souk:access';

const declare = (access: RouteAccess): MethodDecorator => SetMetadata(ROUTE_ACCESS, access);

/** Admin API: staff whose roles hold the permission, and secret keys that hold it. */
export const Allow = (permission: string): MethodDecorator => declare({ kind: 'permission', permission });

/**
 * Storefront API: keys with the scope. With `{ customer: true }` only beside the token of a logged-in customer, whom
 * `customerIdOf(session)` names; else a customer may come and need not.
 */
export const Scope = (scope: string, { customer }: { customer?: true } = {}): MethodDecorator =>
  declare({ kind: 'scope', scope, ...(customer && { customer }) });

/** Admin API: any signed-in staff member, about nothing but themselves (`/v1/me`, own sessions). No keys. */
export const SignedIn = (): MethodDecorator => declare({ kind: 'signed-in' });

/** Anybody. Credentials sent along are not looked at, so there is no session: use `@CurrentCaller()`. */
export const Public = (): MethodDecorator => declare({ kind: 'public' });

export const EVEN_SUSPENDED = 'souk:even-suspended';

/** A write that staff of a suspended company may still do: log out, end a session. */
export const EvenSuspended = (): MethodDecorator => SetMetadata(EVEN_SUSPENDED, true);

export const NEEDS_IDEMPOTENCY_KEY = 'souk:needs-idempotency-key';

/**
 * A POST whose service refuses to work without an `Idempotency-Key`, for a lost answer would cost somebody money. The
 * service refuses, not this: who may not see a thing gets its 404 first. This says so in the OpenAPI document.
 */
export const NeedsIdempotencyKey = (): MethodDecorator => SetMetadata(NEEDS_IDEMPOTENCY_KEY, true);

export const SAYS = 'souk:says';

/** What a route does, as a sentence without its full stop: the summary in the OpenAPI document. */
export const Says = (sentence: string): MethodDecorator => SetMetadata(SAYS, sentence);

export const ALSO_REFUSES = 'souk:also-refuses';

/** Statuses a route refuses with that do not show in what it takes: the customer's cart that is not there yet. */
export const AlsoRefuses = (...statuses: number[]): MethodDecorator => SetMetadata(ALSO_REFUSES, statuses);

export const WITHOUT_IDEMPOTENCY = 'souk:without-idempotency';

/** A POST that ignores `Idempotency-Key`: it has its own way to be safe (hooks, login, refresh, logout, registration). */
export const WithoutIdempotency = (): MethodDecorator => SetMetadata(WITHOUT_IDEMPOTENCY, true);
