import { suspendCompany } from '@souk/domain/company/companies/companies.service';
import { allPermissions, allScopes } from '@souk/domain/kernel/access';
import { useDatabase } from '@souk/domain/testing/database';
import { type Answer, useApi } from '@souk/platform/testing/app';
import { givenShopAtDoor } from '@souk/platform/testing/given-keys';
import { sampleOf } from '@souk/platform/testing/json-sample';
import { type Operation, operationsOf } from '@souk/platform/testing/operations';
import { beforeAll, expect, test } from 'vitest';
import { controllers } from './app.module.ts';

const db = useDatabase();
const shopfront = useApi({ name: 'storefront', controllers }, db);

interface Refused {
  code: string;
  detail: string;
}

let guarded: Operation[];
beforeAll(() => {
  guarded = operationsOf(shopfront.document).filter(({ isPublic }) => !isPublic);
});

const nameOf = ({ method, path }: Operation) => `${method} ${path}`;

/** Calls an operation with the smallest request its contract accepts. */
function send(
  operation: Operation,
  who: { token?: string; key?: string; headers?: Record<string, string> },
): Promise<Answer<Partial<Refused>>> {
  const path = operation.pathParameters.reduce(
    (text, { name, schema }) => text.replace(`{${name}}`, encodeURIComponent(String(sampleOf(schema)))),
    operation.path,
  );
  const body = operation.body && sampleOf(operation.body);
  return shopfront.call(operation.method, path, { ...who, ...(body !== undefined && { body }) });
}

async function everyRoute(who: Parameters<typeof send>[1], status: number, code: string) {
  for (const operation of guarded) {
    const answer = await send(operation, who);
    expect([nameOf(operation), answer.status, answer.body.code]).toEqual([nameOf(operation), status, code]);
  }
}

test('every guarded route names a scope that somebody declared', () => {
  expect(guarded.length).toBeGreaterThan(1);
  const declared = new Set<string | undefined>(allScopes().map(({ name }) => name));
  expect(guarded.filter(({ scope }) => !declared.has(scope)).map(nameOf)).toEqual([]);
});

test('without a key there is nothing to see', async () => {
  await everyRoute({}, 401, 'credentials_missing');
  await everyRoute({ key: 'souk_pk_live_nonsense' }, 401, 'key_invalid');
});

test('a parameter that is in no contract is refused by every route', async () => {
  const shop = await givenShopAtDoor(db, shopfront);
  const { key } = await shop.mint({ type: 'secret', scopes: allScopes().map(({ name }) => name) });
  const { token } = await shop.customer();
  for (const operation of guarded) {
    const { status, body } = await send({ ...operation, path: `${operation.path}?surprise=1` }, { key, token });
    expect([nameOf(operation), status, body.code]).toEqual([nameOf(operation), 400, 'invalid_input']);
  }
});

test('each scope opens its own routes and no other', async () => {
  const shop = await givenShopAtDoor(db, shopfront);
  for (const { name, publishable } of allScopes()) {
    const { key } = await shop.mint({ type: publishable ? 'publishable' : 'secret', scopes: [name] });
    for (const operation of guarded) {
      const { status, body } = await send(operation, { key });
      const isRefused = status === 403 && body.code === 'scope_missing';
      expect([nameOf(operation), name, isRefused]).toEqual([nameOf(operation), name, operation.scope !== name]);
      if (isRefused) expect(body.detail).toContain(operation.scope);
    }
  }
});

test('permissions of staff open no storefront route, but for words that are scopes as well', async () => {
  const shop = await givenShopAtDoor(db, shopfront);
  const scopes = new Set(allScopes().map(({ name }) => name));
  const ofStaff = allPermissions().flatMap(({ name }) => (scopes.has(name) ? [] : [name]));
  expect(allPermissions().length).toBeGreaterThan(ofStaff.length);
  const { key } = await shop.mint({ type: 'secret', scopes: ofStaff });
  await everyRoute({ key }, 403, 'scope_missing');
});

test('a token of staff is no customer', async () => {
  const shop = await givenShopAtDoor(db, shopfront);
  const { token } = await shop.loggedIn('owner');
  const { key } = await shop.mint({
    scopes: allScopes()
      .filter(({ publishable }) => publishable)
      .map(({ name }) => name),
  });
  await everyRoute({ token }, 401, 'credentials_missing');
  await everyRoute({ token, key }, 401, 'token_invalid');
});

test('a suspended shop is closed on every route, whatever the key may do', async () => {
  const shop = await givenShopAtDoor(db, shopfront);
  const { key } = await shop.mint({ type: 'secret', scopes: allScopes().map(({ name }) => name) });
  await shopfront.parts.database.run(shop.system, (ctx) => suspendCompany(ctx, 'a test'));
  await everyRoute({ key }, 503, 'shop_closed');
});

test('a website that is not listed is refused on every route', async () => {
  const shop = await givenShopAtDoor(db, shopfront);
  const { key } = await shop.mint({ allowedOrigins: ['https://shop.example.com'] });
  await everyRoute({ key, headers: { origin: 'https://evil.example' } }, 403, 'origin_refused');
});

test('answers of one company hold nothing of another', async () => {
  const [mine, theirs] = [await givenShopAtDoor(db, shopfront), await givenShopAtDoor(db, shopfront)];
  const { key } = await mine.mint({ type: 'secret', scopes: allScopes().map(({ name }) => name) });
  for (const operation of guarded) {
    const { text } = await send(operation, { key });
    expect([nameOf(operation), text.includes(theirs.companyId)]).toEqual([nameOf(operation), false]);
  }
});
