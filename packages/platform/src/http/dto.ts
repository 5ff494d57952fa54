import type { PipeTransform } from '@nestjs/common';
import { type Id, type IdPrefix, idOf } from '@souk/domain/kernel/ids';
import { createZodDto } from 'nestjs-zod';
import type { z } from 'zod';
import { RequestInvalid } from './request-invalid.ts';

export { ZodResponse } from 'nestjs-zod';

// Where nestjs-zod's decorators keep the response's DTO. Not part of what it exports; `shape.interceptor.test.ts` would notice.
const RESPONSE_DTO = 'ZOD_SERIALIZER_DTO_OPTIONS';

/**
 * A class for `@Body()`, `@Query()` and `@ZodResponse()` made from a contract: `class RoleDto extends dtoOf(roleView) {}`.
 * The name of the class, without `Dto`, is the schema's name in the OpenAPI document. The only file that knows nestjs-zod,
 * so that it can be replaced.
 */
export const dtoOf = <Schema extends z.ZodType>(schema: Schema) => createZodDto(schema);

/** The schema behind a class made with `dtoOf`; undefined for other classes. */
export function schemaOf(dto: unknown): z.ZodType | undefined {
  if (typeof dto !== 'function' || !('isZodDto' in dto) || !('schema' in dto)) return undefined;
  return dto.schema as z.ZodType; // what `dtoOf` put there
}

const shapes = new WeakMap<object, z.ZodType | null>();

/** The schema a handler's answer must fit, from its `@ZodResponse`. */
export function shapeOf(handler: object): z.ZodType | undefined {
  let shape = shapes.get(handler);
  if (shape === undefined) {
    const dto: unknown = Reflect.getMetadata(RESPONSE_DTO, handler);
    shape = (Array.isArray(dto) ? schemaOf(dto[0])?.array() : schemaOf(dto)) ?? null;
    shapes.set(handler, shape);
  }
  return shape ?? undefined;
}

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
