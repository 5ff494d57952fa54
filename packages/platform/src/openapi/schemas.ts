import { isDeepStrictEqual } from 'node:util';
import type { Type } from '@nestjs/common';
import { z } from 'zod';
import { schemaOf } from '../http/contract-class.ts';

export type JsonSchema = Record<string, unknown>;
type Direction = 'input' | 'output';

/** A zod schema as JSON Schema 2020-12, the dialect of OpenAPI 3.1. */
export function jsonSchemaOf(schema: z.ZodType, io: Direction): JsonSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ jsonSchema }) => tidy(jsonSchema),
  });
  return json;
}

function tidy(json: JsonSchema): void {
  // A branded id comes out of a transform, whose result zod cannot describe; its pattern can only be of a text.
  if (json['pattern'] !== undefined && json['type'] === undefined) json['type'] = 'string';
  if ('example' in json) {
    json['examples'] = [json['example']];
    delete json['example'];
  }
}

/** The named schemas of a document. */
export class Schemas {
  private readonly named = new Map<string, JsonSchema>();

  /** A reference to the schema of a class, which is added under its name without `Dto`. Throws if two differ under one name. */
  of(dto: Type, io: Direction): JsonSchema {
    const schema = schemaOf(dto);
    if (!schema) throw new Error(`${dto.name} was not made with dtoOf()`);
    const json = jsonSchemaOf(schema, io);
    const plain = dto.name.replace(/Dto$/, '');
    const name = this.isFree(plain, json) ? plain : `${plain}${io === 'input' ? 'Input' : 'Output'}`;
    if (!this.isFree(name, json))
      throw new Error(`Two different schemas are called ${name}: rename one of the classes`);
    this.named.set(name, json);
    return { $ref: `#/components/schemas/${name}` };
  }

  /** All of them, by name. */
  all(): Record<string, JsonSchema> {
    return Object.fromEntries([...this.named].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  private isFree(name: string, json: JsonSchema): boolean {
    const other = this.named.get(name);
    return other === undefined || isDeepStrictEqual(other, json);
  }
}
