import { suspendCompany } from '@souk/domain/company/companies/companies.service';
import { createRole } from '@souk/domain/company/iam/roles.service';
import { createInvite } from '@souk/domain/identity/invites/invites.service';
import { allPermissions } from '@souk/domain/kernel/access';
import { newId } from '@souk/domain/kernel/ids';
import { useDatabase } from '@souk/domain/testing/database';
import { type Answer, useApi } from '@souk/platform/testing/app';
import { givenShopAtDoor } from '@souk/platform/testing/given-keys';
import { type IdChoice, sampleOf } from '@souk/platform/testing/json-sample';
import { idPrefixOf, type Operation, operationsOf } from '@souk/platform/testing/operations';
import { beforeAll, expect, test } from 'vitest';
import { controllers } from './app.module.ts';
import { givenCatalogueThings } from './testing/catalogue-things.ts';
import { givenReachThings } from './testing/reach-things.ts';
import { givenSellingThings } from './testing/selling-things.ts';

const db = useDatabase();
const admin = useApi({ name: 'admin', controllers }, db);

type Shop = Awaited<ReturnType<typeof givenShopAtDoor>>;
interface Refused {
  code: string;
  detail: string;
}

let guarded: Operation[];
let words: string[];

beforeAll(() => {
  guarded = operationsOf(admin.document).filter(({ isPublic }) => !isPublic);
  words = allPermissions().map(({ name }) => name);
});

const nameOf = ({ method, path }: Operation) => `${method} ${path}`;
const isRead = ({ method }: Operation) => method === 'GET';
const noChoice: IdChoice = () => undefined;

/** Calls an operation with the smallest request its contract accepts. */
function send<Body>(
  operation: Operation,
  who: { token?: string; key?: string; query?: string },
  idOf: IdChoice = noChoice,
): Promise<Answer<Body>> {
  const path = operation.pathParameters.reduce(
    (text, { name, schema }) => text.replace(`{${name}}`, encodeURIComponent(String(sampleOf(schema, idOf)))),
    operation.path,
  );
  const required = operation.queryParameters.filter((one) => one.required);
  const needed = new URLSearchParams(
    Object.fromEntries(required.map(({ name, schema }) => [name, String(sampleOf(schema, idOf))])),
  ).toString();
  const query = [needed, who.query].filter(Boolean).join('&');
  const body = operation.body && sampleOf(operation.body, idOf);
  return admin.call<Body>(operation.method, query ? `${path}?${query}` : path, {
    ...who,
    ...(body !== undefined && { body }),
  });
}

/** What was answered to whom, for every guarded operation: a difference shows which route it is. */
async function sweep(expected: (operation: Operation) => unknown, actual: (operation: Operation) => Promise<unknown>) {
  const seen: [string, unknown][] = [];
  for (const operation of guarded) seen.push([nameOf(operation), await actual(operation)]);
  expect(seen).toEqual(guarded.map((operation) => [nameOf(operation), expected(operation)]));
}

const statusAndCode = async (answer: Promise<Answer<Refused>>) => {
  const { status, body } = await answer;
  return `${status} ${body?.code ?? ''}`.trim();
};

test('there are routes to sweep', () => {
  expect(guarded.length).toBeGreaterThan(30);
});

test('nobody gets anywhere', async () => {
  await sweep(
    () => '401 credentials_missing',
    (operation) => statusAndCode(send(operation, {})),
  );
});

test('a parameter that is in no contract is refused by every route, open or not', async () => {
  const { token } = await (await givenShopAtDoor(db, admin)).loggedIn('owner');
  for (const operation of operationsOf(admin.document)) {
    const who = { query: 'surprise=1', ...(!operation.isPublic && { token }) };
    const { status, body } = await send<{ errors?: { pointer: string; code: string }[] }>(operation, who);
    const named = body.errors?.find(({ pointer }) => pointer === '?surprise')?.code;
    expect([nameOf(operation), status, named]).toEqual([nameOf(operation), 400, 'unknown_field']);
  }
});

test('a token we did not sign opens nothing', async () => {
  const stranger = 'eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6IjAwIn0.eyJzdWIiOiJzdGZfMSJ9.AAAA';
  await sweep(
    () => '401 token_invalid',
    (operation) => statusAndCode(send(operation, { token: stranger })),
  );
});

test('a token of a session that never was opens nothing', async () => {
  const shop = await givenShopAtDoor(db, admin);
  const claims = { companyId: shop.companyId, staffId: newId('stf'), sessionId: newId('ses') };
  const { accessToken } = await admin.parts.accessTokens.sign(claims);
  await sweep(
    () => '401 session_over',
    (operation) => statusAndCode(send(operation, { token: accessToken })),
  );
});

test('the session of one company under the name of another opens nothing', async () => {
  const [mine, theirs] = [await givenShopAtDoor(db, admin), await givenShopAtDoor(db, admin)];
  const { staff, sessionId } = await mine.loggedIn('owner');
  const { accessToken } = await admin.parts.accessTokens.sign({
    companyId: theirs.companyId,
    staffId: staff.id,
    sessionId,
  });
  await sweep(
    () => '401 session_over',
    (operation) => statusAndCode(send(operation, { token: accessToken })),
  );
});

test('a publishable key opens nothing', async () => {
  const { key } = await (await givenShopAtDoor(db, admin)).mint({});
  await sweep(
    () => '403 secret_key_needed',
    (operation) => statusAndCode(send(operation, { key })),
  );
});

test('staff without a permission are refused by every route that wants one, and it is named', async () => {
  const { token } = await (await givenShopAtDoor(db, admin)).loggedInWith([]);
  const wanting = guarded.filter(({ permission }) => permission !== undefined);
  for (const operation of wanting) {
    const { status, body } = await send<Refused>(operation, { token });
    expect([nameOf(operation), status, body.code]).toEqual([nameOf(operation), 403, 'permission_missing']);
    expect(body.detail).toContain(operation.permission);
  }
});

test('all permissions but the one that is declared are not enough, and that one alone is', async () => {
  const shop = await givenShopAtDoor(db, admin);
  const declared = [...new Set(guarded.flatMap(({ permission }) => permission ?? []))];
  for (const word of declared) {
    const allBut = await shop.loggedInWith(words.filter((other) => other !== word));
    const { key } = await shop.mint({ type: 'secret', scopes: words.filter((other) => other !== word) });
    const alone = await shop.loggedInWith([word]);
    for (const operation of guarded.filter(({ permission }) => permission === word)) {
      const refused = [await send<Refused>(operation, allBut), await send<Refused>(operation, { key })];
      for (const { status, body } of refused) {
        expect([nameOf(operation), status, body.code]).toEqual([nameOf(operation), 403, 'permission_missing']);
      }
      const { body } = await send<Partial<Refused>>(operation, alone);
      const isItsOwn = body?.code === 'permission_missing' && body.detail?.includes(` ${word}.`);
      expect([nameOf(operation), isItsOwn]).toEqual([nameOf(operation), false]);
    }
  }
});

test('what is about oneself is closed to keys', async () => {
  const { key } = await (await givenShopAtDoor(db, admin)).mint({ type: 'secret', scopes: words });
  for (const operation of guarded.filter(({ permission }) => permission === undefined)) {
    expect([nameOf(operation), await statusAndCode(send(operation, { key }))]).toEqual([
      nameOf(operation),
      '403 staff_needed',
    ]);
  }
});

/** What staff of a suspended company may still do. A route that is added here needs a reason. */
const EVEN_SUSPENDED = ['POST /v1/auth/logout', 'POST /v1/me/sessions/{id}/revocation'];

test('a suspended company is read and not written', async () => {
  const shop = await givenShopAtDoor(db, admin);
  await admin.parts.database.run(shop.system, (ctx) => suspendCompany(ctx, 'a test'));
  for (const operation of guarded) {
    const { token } = await shop.loggedIn('owner');
    const answer = await statusAndCode(send(operation, { token }));
    const mayPass = isRead(operation) || EVEN_SUSPENDED.includes(nameOf(operation));
    expect([nameOf(operation), answer === '403 company_suspended']).toEqual([nameOf(operation), !mayPass]);
  }
});

/** One thing of each kind in a shop. A kind of id that a route takes and this does not know fails the test below. */
async function thingsOf(shop: Shop): Promise<Record<string, string>> {
  const owner = await shop.loggedIn('owner');
  const { run } = admin.parts.database;
  const role = await run(shop.system, (ctx) =>
    createRole(ctx, { name: 'A role', description: '', permissions: ['staff.read'] }),
  );
  const invite = await run(shop.system, (ctx) => createInvite(ctx, { email: 'new@example.com', roleIds: [role.id] }));
  const { id } = await shop.mint({});
  const catalogue = await givenCatalogueThings(db, run, shop.system);
  const selling = await givenSellingThings(db, run, shop.system, catalogue.var);
  const reach = await givenReachThings(run, shop.system);
  const people = { stf: owner.staff.id, ses: owner.sessionId, role: role.id, inv: invite.id, key: id };
  return { ...people, ...catalogue, ...selling, ...reach };
}

const withoutRequestId = ({ status, text }: Answer) => `${status} ${text.replace(/"requestId":"[^"]*"/, '')}`;

test("another company's ids are answered with the same bytes as ids of nothing, and nothing of theirs changes", async () => {
  const theirs = await givenShopAtDoor(db, admin);
  const things = await thingsOf(theirs);
  const before = await contentsOf(theirs);
  const mine = await givenShopAtDoor(db, admin);
  const takingIds = guarded.filter(({ pathParameters }) =>
    pathParameters.some(({ schema }) => idPrefixOf(schema) !== undefined),
  );
  expect(takingIds.length).toBeGreaterThan(10);
  for (const operation of takingIds) {
    const { token } = await mine.loggedIn('owner');
    const foreign = await send(operation, { token }, (prefix) => {
      if (things[prefix] === undefined) throw new Error(`thingsOf() makes nothing with an id like ${prefix}_…; add it`);
      return things[prefix];
    });
    const missing = await send(operation, { token }, (prefix) => newId(prefix as 'stf'));
    expect([nameOf(operation), foreign.status]).toEqual([nameOf(operation), 404]);
    expect([nameOf(operation), withoutRequestId(foreign)]).toEqual([nameOf(operation), withoutRequestId(missing)]);
  }
  expect(await contentsOf(theirs)).toEqual(before);
});

/** Batches that answer for each row: what is unknown stands in the answer, or is left out of it. */
const ROW_BY_ROW = ['POST /v1/stock-adjustment-batches', 'POST /v1/price-updates', 'POST /v1/stock-corrections'];

test("another company's ids in a body are answered with the same bytes as ids of nothing", async () => {
  const things = await thingsOf(await givenShopAtDoor(db, admin));
  const mine = await givenShopAtDoor(db, admin);
  const own = await thingsOf(mine);
  const bodyWith = ({ body }: Operation, idOf: IdChoice) => JSON.stringify(body && sampleOf(body, idOf));
  const takingIds = guarded.filter(
    (one) => bodyWith(one, (prefix) => things[prefix]) !== bodyWith(one, (prefix) => own[prefix]),
  );
  expect(takingIds.length).toBeGreaterThan(1);
  for (const operation of takingIds) {
    const { token } = await mine.loggedIn('owner');
    const inPath = new Set(operation.pathParameters.map(({ schema }) => idPrefixOf(schema)));
    const foreign = await send(operation, { token }, (prefix) => (inPath.has(prefix) ? own[prefix] : things[prefix]));
    // One of each kind, like the others: some routes refuse two different ones, or twice the same.
    const nothing = Object.fromEntries(Object.keys(things).map((prefix) => [prefix, newId(prefix as 'stf')]));
    const missing = await send(operation, { token }, (prefix) => (inPath.has(prefix) ? own[prefix] : nothing[prefix]));
    if (!ROW_BY_ROW.includes(nameOf(operation)))
      expect([nameOf(operation), foreign.status >= 400]).toEqual([nameOf(operation), true]);
    expect([nameOf(operation), withoutRequestId(foreign)]).toEqual([nameOf(operation), withoutRequestId(missing)]);
  }
});

test('lists of one company hold nothing of another', async () => {
  const theirs = await givenShopAtDoor(db, admin);
  const ids = Object.values(await thingsOf(theirs));
  const mine = await givenShopAtDoor(db, admin);
  const { token } = await mine.loggedIn('owner');
  for (const operation of guarded.filter((one) => isRead(one) && one.pathParameters.length === 0)) {
    const { text } = await send(operation, { token });
    expect([nameOf(operation), [theirs.companyId, ...ids].filter((id) => text.includes(id))]).toEqual([
      nameOf(operation),
      [],
    ]);
  }
});

// A shop of its own for each route: more routes take longer.
test('a POST that is repeated with its Idempotency-Key gets the very same answer, on every route that takes one', {
  timeout: 120_000,
}, async () => {
  const repeatable = guarded.filter(({ method, takesIdempotencyKey }) => method === 'POST' && takesIdempotencyKey);
  const answered: string[] = [];
  for (const operation of repeatable) {
    const shop = await givenShopAtDoor(db, admin);
    const things = await thingsOf(shop);
    const { token } = await shop.loggedIn('owner');
    const colleague = (await shop.hire('support')).id;
    const idOf: IdChoice = (prefix) => (prefix === 'stf' ? colleague : things[prefix]);
    const twice = { token, headers: { 'idempotency-key': 'the same' } };
    const first = await send(operation, twice, idOf);
    if (first.status >= 300) continue;
    answered.push(nameOf(operation));
    const again = await send(operation, twice, idOf);
    expect([nameOf(operation), again.status, again.text]).toEqual([nameOf(operation), first.status, first.text]);
    expect([nameOf(operation), again.headers['idempotency-replayed']]).toEqual([nameOf(operation), 'true']);
  }
  // The rest wants more than the smallest request: a session of one's own, a password, a code.
  expect(answered.length).toBeGreaterThan(repeatable.length / 2);
});

/** Every row of a company but those that time alone adds, as one text. */
async function contentsOf(shop: Shop): Promise<string> {
  const tables = [
    'companies',
    'staff',
    'staff_roles',
    'staff_sessions',
    'roles',
    'role_permissions',
    'api_keys',
    'invites',
    'company_settings',
    'categories',
    'collections',
    'collection_members',
    'attribute_definitions',
    'files',
    'products',
    'product_variants',
    'prices',
    'stock_locations',
    'stock_levels',
    'stock_transfers',
    'product_imports',
    'product_exports',
    'customers',
    'customer_addresses',
    'customer_groups',
    'customer_group_members',
    'tax_rates',
    'shipping_zones',
    'shipping_zone_areas',
    'shipping_profiles',
    'shipping_profile_products',
    'shipping_options',
    'shipping_rates',
    'discounts',
    'discount_codes',
    'orders',
    'order_lines',
    'order_tags',
    'order_timeline',
    'payments',
    'refunds',
    'fulfilments',
    'stock_reservations',
    'webhook_endpoints',
    'webhook_deliveries',
    'notification_templates',
    'notifications',
  ];
  const rows = await Promise.all(
    tables.map(
      (table) =>
        db.admin`select to_jsonb(t) as row from ${db.admin(table)} t where company_id = ${shop.companyId} order by t::text`,
    ),
  );
  return JSON.stringify(rows);
}
