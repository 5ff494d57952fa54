import type { PipeTransform } from '@nestjs/common';
import { type Id, type IdPrefix, idOf } from '@souk/domain/kernel/ids';
import { createZodDto } from 'nestjs-zod';
import type { z } from 'zod';
import { RequestInvalid } from './request-invalid.ts';

export { ZodResponse } from 'nestjs-zod';

/**
 * A class for `@Body()`, `@Query()` and `@ZodResponse()` made from a contract: `class RoleDto extends dtoOf(roleView) {}`.
 * The name of the class, without `Dto`, is the schema's name in the OpenAPI document. The only place that knows nestjs-zod's
 * way, so that it can be replaced.
 */
export const dtoOf = <Schema extends z.ZodType>(schema: Schema) => createZodDto(schema);

/** A pipe for ids in the path: `@Param('id', idParam('role')) id: Id<'role'>`. Refuses other ids with 400. */
export function idParam<P extends IdPrefix>(prefix: P): PipeTransform<unknown, Id<P>> & { readonly idPrefix: P } {
  const schema = idOf(prefix);
  return {
    idPrefix: prefix,
    transform(value, { data }) {
      const parsed = schema.safeParse(value);
      if (parsed.success) return parsed.data;
      const [issue] = parsed.error.issues;
      throw new RequestInvalid([{ pointer: `:${data ?? 'id'}`, code: 'invalid_id', message: issue?.message ?? 'Not an id.' }]);
    },
  };
}
