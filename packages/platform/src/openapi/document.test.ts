import 'reflect-metadata';
import { Body, Controller, Headers, HttpCode, Patch, Post } from '@nestjs/common';
import { can } from '@souk/domain/company/companies/companies.access';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { Allow } from '../http/allow.ts';
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

interface Described {
  requestBody: { required: boolean };
  responses: Record<string, unknown>;
}
const { paths } = openApiDocument({ name: 'admin', controllers: [LampsController] }) as {
  paths: Record<string, Record<string, Described>>;
};

test('a body is required where an empty one does not do', () => {
  expect(paths['/v1/lamps']?.['post']?.requestBody.required).toBe(true);
  expect(paths['/v1/lamps/lighting']?.['post']?.requestBody.required).toBe(false);
});

test('412 is an answer of routes that take If-Match, and of no other', () => {
  expect(paths['/v1/lamps']?.['patch']?.responses).not.toHaveProperty('412');
  expect(paths['/v1/lamps/versioned']?.['patch']?.responses).toHaveProperty('412');
});
