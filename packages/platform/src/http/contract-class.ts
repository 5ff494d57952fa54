import { HttpCode, type PipeTransform, SetMetadata } from '@nestjs/common';
import { faultWords } from '@souk/domain/kernel/fault-words';
import { type Id, type IdPrefix, idOf } from '@souk/domain/kernel/ids';
import { createZodDto, type ZodDto } from 'nestjs-zod';
import type { z } from 'zod';
import { faultsOf, RequestInvalid } from './request-invalid.ts';

/**
 * A class for `@Body()`, `@Query()` and `@ZodResponse()` made from a contract: `class RoleDto extends dtoOf(roleView) {}`.
 * The name of the class, without `Dto`, is the schema's name in the OpenAPI document. The only place that knows nestjs-zod,
 * so that it can be replaced.
 */
export const dtoOf = <Schema extends z.ZodType>(schema: Schema) => createZodDto(schema);

/** The same for a contract that is a union, which no class can extend: `const LoginResultDto = dtoNamed('LoginResultDto', loginResult)`. */
export const dtoNamed = <Schema extends z.ZodType>(name: string, schema: Schema) =>
  Object.defineProperty(createZodDto(schema), 'name', { value: name });

/** A class made with `dtoOf`. */
export type DtoClass<Schema extends z.ZodType = z.ZodType> = ZodDto<Schema, false>;

/** The schema behind a class made with `dtoOf`; undefined for other classes. */
export function schemaOf(dto: unknown): z.ZodType | undefined {
  if (typeof dto !== 'function' || !('isZodDto' in dto) || !('schema' in dto)) return undefined;
  return dto.schema as z.ZodType; // what `dtoOf` put there
}

const ANSWER = 'souk:answer';

/** What `@ZodResponse` says of a handler. */
export interface DeclaredAnswer {
  readonly status: number;
  readonly description?: string;
  readonly dto: DtoClass;
}

type Answers<Schema extends z.ZodType> = (
  target: object,
  name: string | symbol,
  // `never`: whatever the handler takes is its own affair; what it answers must fit the contract
  descriptor: Pick<TypedPropertyDescriptor<(...given: never[]) => z.input<Schema> | Promise<z.input<Schema>>>, 'value'>,
) => void;

/**
 * What a handler answers: its status, and the contract its answer is cut to. A handler that returns something else does
 * not compile. Ours rather than nestjs-zod's, which loads @nestjs/swagger into every process.
 */
export function ZodResponse<Schema extends z.ZodType>(options: {
  status: number;
  description?: string;
  type: ZodDto<Schema, false>;
}): Answers<Schema> {
  return (target, name, descriptor) => {
    const answer: DeclaredAnswer = { status: options.status, description: options.description, dto: options.type };
    SetMetadata(ANSWER, answer)(target, name, descriptor);
    HttpCode(options.status)(target, name, descriptor);
  };
}

/** What `@ZodResponse` said of a handler; undefined if it has none. */
export const answerOf = (handler: object): DeclaredAnswer | undefined => Reflect.getMetadata(ANSWER, handler);

const FILE = 'souk:file';

/** What a handler answers that is not JSON. It returns a `StreamableFile` with the same type. */
export interface DeclaredFile {
  /** The media type without parameters, like `text/csv`. */
  readonly type: string;
  readonly description: string;
}

/** For a handler that answers a file: `@FileResponse({ type: 'text/csv', description: 'All entries.' })`. */
export const FileResponse = (file: DeclaredFile): MethodDecorator => SetMetadata(FILE, file);

/** What `@FileResponse` said of a handler; undefined if it has none. */
export const fileOf = (handler: object): DeclaredFile | undefined => Reflect.getMetadata(FILE, handler);

/** A pipe for a part of the path that is not an id: `@Param('group', pathParam(settingGroup)) group: SettingGroup`. */
export function pathParam<Schema extends z.ZodType>(
  schema: Schema,
): PipeTransform<unknown, z.output<Schema>> & { readonly schema: Schema } {
  return {
    schema,
    transform(value, { data }) {
      const parsed = schema.safeParse(value, { error: faultWords });
      if (parsed.success) return parsed.data;
      throw new RequestInvalid(
        faultsOf(parsed.error, 'param').map((fault) => ({ ...fault, pointer: `:${data ?? ''}` })),
      );
    },
  };
}

/** A pipe for ids in the path: `@Param('id', idParam('role')) id: Id<'role'>`. Refuses other ids with 400. */
export const idParam = <P extends IdPrefix>(
  prefix: P,
): PipeTransform<unknown, Id<P>> & { readonly schema: z.ZodType } => pathParam(idOf(prefix));
