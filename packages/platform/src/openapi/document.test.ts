import 'reflect-metadata';
import { Body, Controller, Headers, HttpCode, Patch, Post } from '@nestjs/common';
import { can } from '@souk/domain/company/companies/companies.access';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { Allow, AlsoRefuses, NeedsIdempotencyKey, Says } from '../http/allow.ts';
import { dtoOf } from '../http/contract-class.ts';
import { openApiDocument } from './document.ts';

class NeededDto extends dtoOf(z.strictObject({ name: z.string() })) {}
class OptionalDto extends dtoOf(z.strictObject({ name: z.string().optional(), count: z.int().default(1) })) {}

@Controller('v1/lamps')
class LampsController {
  @Post()
  @Allow(can.write)
  @HttpCode(204)
  create(@Body() _body: NeededDto): void {
    // described, never called
  }

  @Post('lighting')
  @Allow(can.write)
  @HttpCode(204)
  light(@Body() _body: OptionalDto): void {
    // described, never called
  }

  @Patch()
  @Allow(can.write)
  @HttpCode(204)
  change(@Body() _body: NeededDto, @Headers('traceparent') _trace?: string): void {
    // described, never called
  }

  @Patch('versioned')
  @Allow(can.write)
  @HttpCode(204)
  changeVersion(@Body() _body: NeededDto, @Headers('If-Match') _ifMatch?: string): void {
    // described, never called
  }
}

@Controller('v1/lanterns')
class LanternsController {
  @Post()
  @Allow(can.write)
  @Says('Hang a lantern')
  @NeedsIdempotencyKey()
  @AlsoRefuses(404)
  @HttpCode(204)
  hang(@Body() _body: NeededDto, @Headers('x-cart-token') _token?: string): void {
    // described, never called
  }
}

interface Described {
  summary: string;
  parameters: { name?: string; $ref?: string; description?: string }[];
  requestBody: { required: boolean };
  responses: Record<string, unknown>;
}
const { paths, components } = openApiDocument({
  name: 'admin',
  controllers: [LampsController, LanternsController],
}) as {
  paths: Record<string, Record<string, Described>>;
  components: { parameters: Record<string, { name: string; required: boolean }> };
};

test('a body is required where an empty one does not do', () => {
  expect(paths['/v1/lamps']?.['post']?.requestBody.required).toBe(true);
  expect(paths['/v1/lamps/lighting']?.['post']?.requestBody.required).toBe(false);
});

test('412 is an answer of routes that take If-Match, and of no other', () => {
  expect(paths['/v1/lamps']?.['patch']?.responses).not.toHaveProperty('412');
  expect(paths['/v1/lamps/versioned']?.['patch']?.responses).toHaveProperty('412');
});

test('a header is described, a key that is needed is required, and a route says what it does', () => {
  const hang = paths['/v1/lanterns']?.['post'];
  expect(hang?.summary).toBe('Hang a lantern');
  expect(hang?.parameters.find(({ name }) => name === 'X-Cart-Token')?.description).toContain('POST /v1/carts');
  const named = hang?.parameters.flatMap(({ $ref }) => components.parameters[$ref?.split('/').at(-1) ?? ''] ?? []);
  expect(named).toMatchObject([{ name: 'Idempotency-Key', required: true }]);
  const other = paths['/v1/lamps']?.['post'];
  expect(other).toMatchObject({
    summary: 'Lamps: create',
    parameters: [{ $ref: '#/components/parameters/IdempotencyKey' }],
  });
  expect(components.parameters['IdempotencyKey']?.required).toBe(false);
});
