import { randomBytes } from 'node:crypto';
import type { Company, Scene } from '../scene.ts';
import type { Page } from '../shop-words.ts';
import { same } from '../surprise.ts';

interface Registered {
  company: { id: string; handle: string; currency: string };
  tokens: { accessToken: string };
  apiKey: { key: string };
}

interface Checklist {
  isReady: boolean;
  steps: { title: string; isDone: boolean }[];
}

/** A company registers, and looks at what it was born with. */
export async function register(scene: Scene): Promise<Company> {
  const { tell } = scene;
  tell.chapter('A company registers', 'nobody has to let it in');
  const company = await newCompany(scene, {
    name: 'Kora Home',
    handle: `kora-home-${scene.mark}`,
    owner: 'Kora Adeyemi',
  });
  tell.fact(`${company.name} exists, under the handle ${company.handle}`, 'POST /v1/companies');
  const locations = await company.owner.get<Page<{ handle: string }>>('/v1/stock-locations');
  same(
    'the stock locations of a new company',
    locations.data.map(({ handle }) => handle),
    ['main'],
  );
  tell.fact('It has a place for its stock, delivery in its country, the VAT of its country', 'GET /v1/stock-locations');
  const { isReady, steps } = await company.owner.get<Checklist>('/v1/setup');
  same('GET /v1/setup isReady of an empty shop', isReady, false);
  const missing = steps.filter(({ isDone }) => !isDone).map(({ title }) => title);
  tell.fact('What is missing before it can sell:', 'GET /v1/setup');
  for (const title of missing) tell.detail(title);
  return company;
}

/** Registers a company that sells in naira from Lagos. */
export async function newCompany(
  { admin, mark }: Scene,
  { name, handle, owner }: { name: string; handle: string; owner: string },
): Promise<Company> {
  const ownerEmail = `owner.${mark}@${handle}.example`;
  const registered = await admin.post<Registered>('/v1/companies', {
    company: { name, handle, country: 'NG', currency: 'NGN', timezone: 'Africa/Lagos' },
    owner: { name: owner, email: ownerEmail, password: randomBytes(18).toString('base64url') },
  });
  same('the handle of a new company', registered.company.handle, handle);
  return {
    id: registered.company.id,
    handle,
    name,
    ownerEmail,
    owner: admin.as({ authorization: `Bearer ${registered.tokens.accessToken}` }),
    firstKey: registered.apiKey.key,
  };
}

/** The list of things to do is done: the shop can sell. */
export async function seeReady({ tell }: Scene, { owner }: Company): Promise<void> {
  const { isReady, steps } = await owner.get<Checklist>('/v1/setup');
  const missing = steps.filter(({ isDone }) => !isDone).map(({ title }) => title);
  same('what is still missing before the shop can sell', missing, []);
  same('GET /v1/setup isReady', isReady, true);
  tell.fact('Nothing is missing any more: the shop can sell', 'GET /v1/setup');
}
