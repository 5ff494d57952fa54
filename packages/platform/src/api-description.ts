import type { Type } from '@nestjs/common';

export type ApiName = 'admin' | 'storefront';

/** Which API, and the controllers it is made of. */
export interface ApiDescription {
  readonly name: ApiName;
  readonly controllers: Type[];
}
