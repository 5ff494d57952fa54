import { randomBytes } from 'node:crypto';
import type { Api } from '../http.ts';
import { mailTo } from '../mailbox.ts';
import type { Company, Scene } from '../scene.ts';
import { type Page, plural } from '../shop-words.ts';
import { found, Surprise, same } from '../surprise.ts';

interface Role {
  id: string;
  name: string;
  permissions: string[];
  isSystem: boolean;
}

const PACKERS_WORDS = ['orders.read', 'fulfilments.read', 'fulfilments.write'];
const INVITE = /accept-invite#token=(\S+)/;

export interface Colleague {
  readonly email: string;
  /** The admin API, asked by somebody who may pack and send, and nothing else. */
  readonly api: Api;
}

/** Roles and permissions, and somebody with few of them. */
export async function hire(scene: Scene, company: Company): Promise<Colleague> {
  const { tell } = scene;
  tell.chapter('Who may do what');
  const permissions = await company.owner.get<Page<{ name: string; sentence: string }>>('/v1/permissions');
  const roles = await company.owner.get<Page<Role>>('/v1/roles');
  tell.fact(
    `${plural(permissions.data.length, 'permission')}, each with a sentence, for example:`,
    'GET /v1/permissions',
  );
  for (const word of ['fulfilments.write', 'refunds.write']) {
    const known = found(
      `GET /v1/permissions`,
      permissions.data.find(({ name }) => name === word),
      word,
    );
    tell.detail(`${known.name.padEnd(18)} ${known.sentence}`);
  }
  same(
    'roles a company is born with',
    roles.data.every(({ isSystem }) => isSystem),
    true,
  );
  tell.fact(`Born with ${roles.data.map(({ name }) => name).join(', ')}`, 'GET /v1/roles');
  const role = await company.owner.post<Role>('/v1/roles', { name: 'Packer', permissions: PACKERS_WORDS });
  tell.fact(`A role of its own: ${role.name}, with ${role.permissions.join(', ')}`, 'POST /v1/roles');
  const colleague = await takeInvite(scene, company, role.id);
  await refuse(scene, colleague, company);
  return colleague;
}

async function takeInvite(scene: Scene, { owner, handle }: Company, roleId: string): Promise<Colleague> {
  const email = `packer.${scene.mark}@${handle}.example`;
  await owner.post('/v1/invites', { email, roleIds: [roleId] });
  const mail = await mailTo(scene, email, INVITE);
  const [, token = ''] = INVITE.exec(mail.text) ?? [];
  scene.tell.fact(`Somebody is invited, and the mail is there: "${mail.subject}"`, 'POST /v1/invites');
  const body = {
    token: decodeURIComponent(token),
    name: 'Bola Packer',
    password: randomBytes(18).toString('base64url'),
  };
  const joined = await scene.admin.post<{ tokens: { accessToken: string } }>('/v1/invites/acceptance', body);
  const api = scene.admin.as({ authorization: `Bearer ${joined.tokens.accessToken}` });
  const me = await api.get<{ permissions: string[] }>('/v1/me');
  same('permissions of a packer', me.permissions.toSorted(), PACKERS_WORDS.toSorted());
  scene.tell.fact(
    'Its token from the mail makes Bola a colleague who may do these three things',
    'POST /v1/invites/acceptance',
  );
  return { email, api };
}

/** What a packer may not do, the answer names by the permission that is missing. */
async function refuse({ tell }: Scene, { api }: Colleague, { owner }: Company): Promise<void> {
  await api.get('/v1/orders');
  const asked = [
    ['POST', '/v1/products', 'products.write', { title: 'My own product' }],
    ['GET', '/v1/customers', 'customers.read', undefined],
    ['POST', '/v1/api-keys', 'api_keys.write', { name: 'x', type: 'secret', scopes: ['orders.read'] }],
  ] as const;
  for (const [method, path, missing, body] of asked) {
    const problem = await api.refused(method, path, { body, status: 403, code: 'permission_missing' });
    if (!problem.detail.includes(missing)) {
      throw new Surprise(`${method} ${path}`, { expected: `the word ${missing} in the answer`, seen: problem.detail });
    }
  }
  tell.fact('Bola sees orders, and is refused elsewhere: 403, naming the missing permission', 'POST /v1/products …');
  const products = await owner.get<Page<unknown>>('/v1/products');
  same('products after a refused POST', products.data.length, 0);
}
