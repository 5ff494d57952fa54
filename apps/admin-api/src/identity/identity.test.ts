import { unseal } from '@souk/domain/kernel/sealing';
import { useDatabase } from '@souk/domain/testing/database';
import { Secret, TOTP } from 'otpauth';
import { expect, test } from 'vitest';
import { bootAdmin, type Registered, register } from '../testing/boot-admin.ts';

const db = useDatabase();
const admin = bootAdmin(db);
const PASSWORD = 'correct horse battery staple';

type Tokens = Registered['tokens'];
interface Problem {
  code: string;
  detail: string;
  errors?: { pointer: string; code: string }[];
}

let addresses = 0;
const freshAddress = () => `10.9.${++addresses >> 8}.${addresses & 255}`;

const login = (shop: Registered, more: object = {}) =>
  admin.call<{ tokens: Tokens; mfa?: { token: string } }>('POST', '/v1/auth/login', {
    from: freshAddress(),
    body: { company: shop.company.handle, email: shop.staff.email, password: PASSWORD, ...more },
  });

/** The token of the newest mail about a thing. */
async function mailed(type: string, aggregateId: string): Promise<string> {
  const [row] = await db.admin<{ id: string; company_id: string; privately: string }[]>`
    select id, company_id, privately from events where type = ${type} and aggregate_id = ${aggregateId} order by id desc limit 1`;
  if (!row) throw new Error(`no ${type} of ${aggregateId}`);
  return JSON.parse(unseal(row.privately, `${row.company_id}|events|${row.id}`)).token;
}

async function roleId(token: string, systemKey: string): Promise<string> {
  const { body } = await admin.call<{ data: { id: string; systemKey: string }[] }>('GET', '/v1/roles?limit=100', {
    token,
  });
  return body.data.find((role) => role.systemKey === systemKey)?.id ?? '';
}

/** Hires somebody through an invite, as the mail would have it. */
async function hire(shop: Registered, systemKey: string, email: string) {
  const token = shop.tokens.accessToken;
  const body = { email, roleIds: [await roleId(token, systemKey)] };
  const invite = await admin.call<{ id: string }>('POST', '/v1/invites', { token, body });
  expect(invite.status).toBe(201);
  const acceptance = { token: await mailed('staff.invited', invite.body.id), name: 'Bola Ade', password: PASSWORD };
  const accepted = await admin.call<Registered>('POST', '/v1/invites/acceptance', {
    from: freshAddress(),
    body: acceptance,
  });
  expect(accepted.status).toBe(201);
  return accepted.body;
}

test('login, me, refresh, logout: each token does what it should and no longer than it should', async () => {
  const shop = await register(admin);
  const { status, body } = await login(shop);
  expect(status).toBe(200);
  const token = body.tokens.accessToken;
  const me = await admin.call<{ staff: { email: string }; company: { id: string }; permissions: string[] }>(
    'GET',
    '/v1/me',
    { token },
  );
  expect(me.status).toBe(200);
  expect(me.body).toMatchObject({ staff: { id: shop.staff.id }, company: { id: shop.company.id } });
  expect(me.body.permissions).toContain('staff.write');
  const refreshed = await admin.call<{ tokens: Tokens }>('POST', '/v1/auth/refresh', {
    body: { refreshToken: body.tokens.refreshToken },
  });
  expect(refreshed.status).toBe(200);
  expect((await admin.call('POST', '/v1/auth/logout', { token })).status).toBe(204);
  expect((await admin.call('GET', '/v1/me', { token })).status).toBe(401);
  expect((await admin.call('GET', '/v1/me', { token: refreshed.body.tokens.accessToken })).status).toBe(401);
  const late = await admin.call<Problem>('POST', '/v1/auth/refresh', {
    body: { refreshToken: refreshed.body.tokens.refreshToken },
  });
  expect([late.status, late.body.code]).toEqual([401, 'refresh_refused']);
});

test('logging out everywhere leaves no session', async () => {
  const shop = await register(admin);
  const other = (await login(shop)).body.tokens.accessToken;
  expect((await admin.call('POST', '/v1/auth/logout', { token: other, body: { everywhere: true } })).status).toBe(204);
  expect((await admin.call('GET', '/v1/me', { token: shop.tokens.accessToken })).status).toBe(401);
});

test('unknown shop, unknown address, wrong password and disabled account: the same status and the same bytes', async () => {
  const shop = await register(admin);
  const person = await hire(shop, 'support', 'bola@example.com');
  const token = shop.tokens.accessToken;
  expect((await admin.call('POST', `/v1/staff/${person.staff.id}/disablement`, { token })).status).toBe(200);
  const tries = [
    { password: 'not my password' },
    { company: 'no-such-shop' },
    { email: 'nobody@example.com' },
    { email: 'bola@example.com' },
    { company: 'NOT A HANDLE!' },
  ];
  const answers = new Set<string>();
  for (const more of tries) {
    const { status, text, headers } = await login(shop, more);
    const known = text.replace(/"requestId":"[^"]*"/, '').replace(/"instance":"[^"]*"/, '');
    answers.add([status, known, headers['content-length'], headers['retry-after']].join());
  }
  expect([...answers]).toHaveLength(1);
  expect([...answers][0]).toMatch(/^401,/);
});

test('a disabled person is out with the next request', async () => {
  const shop = await register(admin);
  const person = await hire(shop, 'admin', 'bola@example.com');
  const theirs = person.tokens.accessToken;
  expect((await admin.call('GET', '/v1/staff', { token: theirs })).status).toBe(200);
  await admin.call('POST', `/v1/staff/${person.staff.id}/disablement`, { token: shop.tokens.accessToken });
  expect((await admin.call('GET', '/v1/staff', { token: theirs })).status).toBe(401);
});

test('new roles are in force with the next request, and the refusal names what is missing', async () => {
  const shop = await register(admin);
  const person = await hire(shop, 'admin', 'bola@example.com');
  const token = shop.tokens.accessToken;
  const body = { roleIds: [await roleId(token, 'catalogue_manager')] };
  expect((await admin.call('PUT', `/v1/staff/${person.staff.id}/roles`, { token, body })).status).toBe(200);
  const refused = await admin.call<Problem>('GET', '/v1/staff', { token: person.tokens.accessToken });
  expect([refused.status, refused.body.code]).toEqual([403, 'permission_missing']);
  expect(refused.body.detail).toContain('staff.read');
});

test('the last owner stays, and an admin makes no owners', async () => {
  const shop = await register(admin);
  const token = shop.tokens.accessToken;
  const [owner, support] = [await roleId(token, 'owner'), await roleId(token, 'support')];
  const demote = await admin.call<Problem>('PUT', `/v1/staff/${shop.staff.id}/roles`, {
    token,
    body: { roleIds: [support] },
  });
  expect([demote.status, demote.body.code]).toEqual([409, 'last_owner']);
  const person = await hire(shop, 'admin', 'bola@example.com');
  const climb = { token: person.tokens.accessToken, body: { roleIds: [owner] } };
  const refused = await admin.call<Problem>('PUT', `/v1/staff/${person.staff.id}/roles`, climb);
  expect([refused.status, refused.body.code]).toEqual([403, 'permission_missing']);
});

test('"who can do X" over HTTP, and an unknown permission names its field', async () => {
  const shop = await register(admin);
  await hire(shop, 'support', 'bola@example.com');
  const token = shop.tokens.accessToken;
  const { body } = await admin.call<{ data: { id: string }[] }>('GET', '/v1/staff?permission=roles.write', { token });
  expect(body.data.map(({ id }) => id)).toEqual([shop.staff.id]);
  const unknown = await admin.call<Problem>('GET', '/v1/staff?permission=roles.fly', { token });
  expect([unknown.status, unknown.body.errors?.[0]?.pointer]).toEqual([400, '?permission']);
});

test('two-factor login from set-up to the second step', async () => {
  const shop = await register(admin);
  const token = shop.tokens.accessToken;
  const setup = await admin.call<{ secret: string }>('POST', '/v1/me/two-factor', {
    token,
    body: { password: PASSWORD },
  });
  expect(setup.status).toBe(201);
  const totp = new TOTP({ secret: Secret.fromBase32(setup.body.secret) });
  const before = totp.generate({ timestamp: Date.now() - 30_000 });
  const confirmed = await admin.call<{ recoveryCodes: string[] }>('POST', '/v1/me/two-factor/confirmation', {
    token,
    body: { code: before },
  });
  expect([confirmed.status, confirmed.body.recoveryCodes.length]).toEqual([200, 10]);
  const first = await login(shop);
  expect([first.status, Object.keys(first.body)]).toEqual([200, ['mfa']]);
  const body = { token: first.body.mfa?.token, code: totp.generate() };
  const second = await admin.call<{ tokens: Tokens }>('POST', '/v1/auth/mfa', { body });
  expect(second.status).toBe(200);
  expect((await admin.call<Problem>('POST', '/v1/auth/mfa', { body })).body.code).toBe('mfa_refused');
  const status = await admin.call('GET', '/v1/me/two-factor', { token: second.body.tokens.accessToken });
  expect(status.body).toEqual({ enabled: true, recoveryCodesLeft: 10 });
  const proof = { password: PASSWORD, code: confirmed.body.recoveryCodes[0] };
  expect((await admin.call('POST', '/v1/me/two-factor/removal', { token, body: proof })).status).toBe(204);
  expect((await login(shop)).body.tokens).toBeDefined();
});

test('a forgotten password: always 202, and the mailed token sets a new one', async () => {
  const shop = await register(admin);
  const ask = (company: string, email: string) =>
    admin.call('POST', '/v1/auth/password-reset-requests', { from: freshAddress(), body: { company, email } });
  const answers = [
    await ask(shop.company.handle, shop.staff.email),
    await ask(shop.company.handle, 'nobody@example.com'),
    await ask('no-such-shop', 'nobody@example.com'),
  ];
  expect(new Set(answers.map(({ status, text }) => `${status}${text}`))).toEqual(new Set(['202']));
  const token = await mailed('staff.password_reset_requested', shop.staff.id);
  const reset = (password: string) =>
    admin.call<Problem>('POST', '/v1/auth/password-resets', { from: freshAddress(), body: { token, password } });
  const weak = await reset('password123');
  expect([weak.status, weak.body.errors?.[0]]).toEqual([
    400,
    expect.objectContaining({ pointer: '/password', code: 'weak_password' }),
  ]);
  expect((await reset('eleven paper boats')).status).toBe(204);
  expect((await reset('eleven paper boats')).status).toBe(422);
  expect((await login(shop)).status).toBe(401);
  expect((await login(shop, { password: 'eleven paper boats' })).status).toBe(200);
  expect((await admin.call('GET', '/v1/me', { token: shop.tokens.accessToken })).status).toBe(401);
});

test('changing the password keeps this session and ends the others', async () => {
  const shop = await register(admin);
  const other = (await login(shop)).body.tokens.accessToken;
  const change = (currentPassword: string) =>
    admin.call<Problem>('PUT', '/v1/me/password', {
      token: shop.tokens.accessToken,
      body: { currentPassword, newPassword: 'eleven paper boats' },
    });
  const wrong = await change('not my password');
  expect([wrong.status, wrong.body.errors?.[0]?.pointer]).toEqual([422, '/currentPassword']);
  expect((await change(PASSWORD)).status).toBe(204);
  expect((await admin.call('GET', '/v1/me', { token: other })).status).toBe(401);
  expect((await admin.call('GET', '/v1/me', { token: shop.tokens.accessToken })).status).toBe(200);
});

test("sessions: the current one is marked, another one can be ended, a stranger's is like none", async () => {
  const [shop, stranger] = [await register(admin), await register(admin)];
  await login(shop);
  const token = shop.tokens.accessToken;
  const list = async (of: string) =>
    (await admin.call<{ data: { id: string; isCurrent: boolean }[] }>('GET', '/v1/me/sessions', { token: of })).body
      .data;
  const sessions = await list(token);
  expect(sessions.map(({ isCurrent }) => isCurrent)).toEqual([false, true]);
  const end = (id: string) => admin.call('POST', `/v1/me/sessions/${id}/revocation`, { token });
  expect((await end((await list(stranger.tokens.accessToken))[0]?.id ?? '')).status).toBe(404);
  expect((await end(sessions[0]?.id ?? '')).status).toBe(204);
  expect(await list(token)).toHaveLength(1);
});

test('after ten wrong passwords from one network the door is closed there for this account, and open to its owner', async () => {
  const shop = await register(admin);
  const guess = (at: number, password: string) =>
    admin.call<Problem>('POST', '/v1/auth/login', {
      from: `2001:db8:bad:1::${at}`, // one household, as many addresses as it likes
      body: { company: shop.company.handle, email: shop.staff.email, password },
    });
  for (let i = 1; i <= 10; i++) expect((await guess(i, 'wrong')).status).toBe(401);
  const { status, headers, body } = await guess(11, PASSWORD);
  expect([status, body.code]).toEqual([429, 'too_many_attempts']);
  expect(Number(headers['retry-after'])).toBeGreaterThan(60);
  expect((await login(shop)).status).toBe(200);
});

test('no answer of these routes ever holds a hash or a mailed token', async () => {
  const shop = await register(admin);
  const person = await hire(shop, 'support', 'bola@example.com');
  const token = shop.tokens.accessToken;
  const paths = ['/v1/me', '/v1/staff', `/v1/staff/${person.staff.id}`, '/v1/invites', '/v1/me/sessions'];
  for (const path of paths) {
    const { status, text } = await admin.call('GET', path, { token });
    expect(status).toBe(200);
    expect(text).not.toMatch(/argon2|hash|souk_(rt|inv|pwr)_|totp/i);
  }
});
