import type { Refusal } from './refusal.ts';

/** Nothing here. Not a `DomainError`: the domain knows no routes. */
export class NoSuchRoute extends Error {
  readonly refusal: Refusal = {
    status: 404,
    code: 'route_not_found',
    detail: 'There is nothing at this path. See /docs for what there is.',
  };
}

/** The path is known, with other methods. RFC 9110, 15.5.6. */
export class MethodNotAllowed extends Error {
  readonly refusal: Refusal;
  constructor(method: string, allowed: readonly string[]) {
    super(method);
    const allow = [...allowed].sort().join(', ');
    this.refusal = { status: 405, code: 'method_not_allowed', detail: `This path takes ${allow}.`, headers: { allow } };
  }
}
