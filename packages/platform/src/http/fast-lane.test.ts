import { Controller, Get, Post } from '@nestjs/common';
import { storeScope } from '@souk/domain/company/companies/companies.access';
import { suspendCompany } from '@souk/domain/company/companies/companies.service';
import { revokeKey } from '@souk/domain/identity/api-keys/api-keys.service';
import type { Session } from '@souk/domain/kernel/ctx';
import { useDatabase } from '@souk/domain/testing/database';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { bootApi, useApi } from '../testing/app.ts';
import { givenShopAtDoor } from '../testing/given-keys.ts';
import { Scope } from './allow.ts';
import { dtoOf, ZodResponse } from './contract-class.ts';
import { FastLane } from './fast-lane.ts';

class QuickDto extends dtoOf(z.object({ company: z.string() })) {}

@Controller('v1/quick')
@FastLane()
class QuickController {
  @Get()
  @Scope(storeScope.read)
  @ZodResponse({ status: 200, type: QuickDto })
  show({ companyId }: Session) {
    return { company: companyId, hidden: 'not in the contract' };
  }

  @Get('failing')
  @Scope(storeScope.read)
  @ZodResponse({ status: 200, type: QuickDto })
  fail(): Promise<{ company: string }> {
    return Promise.reject(new Error('a fault of ours'));
  }
}

@Controller('v1/quick')
@FastLane()
class WritingController {
  @Post()
  @Scope(storeScope.read)
  @ZodResponse({ status: 201, type: QuickDto })
  write() {
    return { company: 'x' };
  }
}

const db = useDatabase();
const shopfront = useApi({ name: 'storefront', controllers: [QuickController] }, db);
const code = ({ status, body }: { status: number; body: unknown }) => [status, (body as { code?: string }).code];

test('on the fast lane a key gets its own company, cut to the contract', async () => {
  const shop = await givenShopAtDoor(db, shopfront);
  const { key } = await shop.mint({});
  const first = await shopfront.call('GET', '/v1/quick', { key });
  const known = await shopfront.call('GET', '/v1/quick', { key });
  expect([first.body, known.body]).toEqual([{ company: shop.companyId }, { company: shop.companyId }]);
  expect(known.headers['ratelimit']).toBeDefined();
  expect(known.headers['x-request-id']).toBeDefined();
});

test('the door stands before the fast lane as before every other route', async () => {
  const shop = await givenShopAtDoor(db, shopfront);
  const other = await shop.mint({ scopes: ['carts.write'] });
  const { id, key } = await shop.mint({ allowedOrigins: ['https://shop.example'] });
  const ask = (sent: object) => shopfront.call('GET', '/v1/quick', sent);
  expect(code(await ask({}))).toEqual([401, 'credentials_missing']);
  expect(code(await ask({ key: other.key }))).toEqual([403, 'scope_missing']);
  expect((await ask({ key })).status).toBe(200);
  expect(code(await ask({ key, headers: { origin: 'https://evil.example' } }))).toEqual([403, 'origin_refused']);
  await shopfront.parts.database.run(shop.system, (ctx) => revokeKey(ctx, id));
  expect(code(await ask({ key }))).toEqual([401, 'key_invalid']);
});

test('a suspended shop is closed on the fast lane too, and our faults stay ours', async () => {
  const shop = await givenShopAtDoor(db, shopfront);
  const { key } = await shop.mint({});
  const failed = await shopfront.app.inject({ url: '/v1/quick/failing', headers: { 'x-api-key': key } });
  expect([failed.statusCode, failed.json().code]).toEqual([500, 'internal']);
  expect(failed.body).not.toContain('a fault of ours');
  await shopfront.parts.database.run(shop.system, (ctx) => suspendCompany(ctx, 'test'));
  expect((await shopfront.call('GET', '/v1/quick', { key })).status).toBe(503);
});

test('what writes does not fit there, and stops the boot', async () => {
  await expect(bootApi({ name: 'storefront', controllers: [WritingController] }, db)).rejects.toThrow(
    'WritingController.write is on the fast lane, which takes GETs with @Scope only.',
  );
});
