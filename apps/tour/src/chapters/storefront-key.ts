import { type Api, type Problem, read, until } from '../http.ts';
import type { Company, Scene } from '../scene.ts';
import { Surprise, same } from '../surprise.ts';

const SCOPES = ['store.read', 'listing.read', 'carts.write', 'checkout.write', 'orders.read'];

/** Without Redis another process remembers a key for five seconds. */
const REVOKED_WITHIN_MS = 10_000;

interface MadeKey {
  id: string;
  key: string;
  lastFour: string;
}

export interface Shopfront {
  readonly keyId: string;
  /** The storefront API, asked by a visitor of the shop's page. */
  readonly api: Api;
  /** Asked with a key that was revoked. */
  readonly revoked: Api;
}

/** Every process has forgotten a revoked key. */
export async function seeRevoked({ tell }: Scene, { revoked }: Shopfront): Promise<void> {
  const last = await until('a key that was revoked', {
    expected: `401 within ${REVOKED_WITHIN_MS / 1_000} s`,
    ask: () => revoked.ask('GET', '/v1/products'),
    ok: ({ status }) => status === 401,
    withinMs: REVOKED_WITHIN_MS,
  });
  same('the code of a revoked key', read<Problem>(last).code, 'key_invalid');
  tell.fact('The key that was revoked opens nothing any more, at no process: 401', 'GET /v1/products');
}

/** A key for a storefront: what it opens, and what not. */
export async function mintKey({ tell, storefront }: Scene, { owner, name }: Company): Promise<Shopfront> {
  tell.chapter('A key for its storefront');
  const make = (keyName: string, scopes: string[]) =>
    owner.post<MadeKey>('/v1/api-keys', { name: keyName, type: 'publishable', scopes });
  const made = await make('Web shop', SCOPES);
  tell.fact(
    `A publishable key with ${SCOPES.length} scopes, shown this once: …${made.key.slice(-6)}`,
    'POST /v1/api-keys',
  );
  const kept = JSON.stringify(await owner.get(`/v1/api-keys/${made.id}`));
  if (kept.includes(made.key)) throw new Surprise('GET /v1/api-keys/:id', { expected: 'no key in it', seen: kept });
  const api = storefront.as({ 'x-api-key': made.key });
  const store = await api.get<{ name: string; currency: string }>('/v1/store');
  same('GET /v1/store', [store.name, store.currency], [name, 'NGN']);
  tell.fact(`It opens the shop: ${store.name}, in ${store.currency}`, 'GET /v1/store');
  const window = await make('Shop window', ['listing.read']);
  const looking = storefront.as({ 'x-api-key': window.key });
  await looking.get('/v1/products');
  const problem = await looking.refused('POST', '/v1/carts', { body: {}, status: 403, code: 'scope_missing' });
  if (!problem.detail.includes('carts.write')) {
    throw new Surprise('POST /v1/carts', { expected: 'the word carts.write in the answer', seen: problem.detail });
  }
  tell.fact('A key that may only list products gets no cart: 403, naming carts.write', 'POST /v1/carts');
  await owner.post(`/v1/api-keys/${window.id}/revocation`, {}, { status: 200 });
  tell.fact('That one is revoked', 'POST /v1/api-keys/:id/revocation');
  return { keyId: made.id, api, revoked: looking };
}
