import { z } from 'zod';
import { ApiRefused, reach, refusalOf, WAY_IN } from './http.ts';
import { exchangeLogin, type Login, readLogin } from './logins.ts';

/** A token that ends within this time is renewed before it is used. */
const AHEAD_MS = 30_000;
/** For an answer about a login. */
const PATIENCE_MS = 20_000;

export const tokensAnswer = z.object({
  tokens: z.object({ accessToken: z.string(), refreshToken: z.string(), expiresIn: z.number() }),
});
const loginAnswer = z.union([tokensAnswer, z.object({ mfa: z.object({ token: z.string() }) })]);
type Tokens = z.infer<typeof tokensAnswer>['tokens'];

/** Who asks. */
export interface Credentials {
  headers(): Promise<Record<string, string>>;
  /** After a 401: whether there is something newer now. */
  renew(): Promise<boolean>;
}

/**
 * Who asks at this address, by the first of these: SOUK_API_KEY (a secret key), SOUK_TOKEN (an access token of staff),
 * what `souk login` keeps, SOUK_COMPANY with SOUK_EMAIL and SOUK_PASSWORD. Never from the command line, which everybody
 * on the machine can read.
 */
export function credentialsFor(url: string, env: NodeJS.ProcessEnv = process.env): Credentials {
  const { SOUK_API_KEY: key, SOUK_TOKEN: token } = env;
  if (key) return fixed({ 'x-api-key': key });
  if (token) return fixed({ authorization: `Bearer ${token}` });
  const kept = keptCredentials(url);
  if (kept) return kept;
  const { SOUK_COMPANY: company, SOUK_EMAIL: email, SOUK_PASSWORD: password } = env;
  if (company && email && password) return byPassword(url, { company, email, password });
  throw new Error(`Nobody is logged in at ${url}. ${WAY_IN}`);
}

const fixed = (headers: Record<string, string>): Credentials => ({
  headers: async () => headers,
  renew: async () => false,
});

/** What `souk login` keeps for this address, if anything. */
export function keptCredentials(url: string): Credentials | undefined {
  const kept = readLogin(url);
  if (!kept) return undefined;
  return loggedIn(url, kept, (used) =>
    exchangeLogin(url, async (now) => {
      // Another command has renewed it meanwhile: its old token is good for a moment only, and then ends the login.
      if (now && now.refreshToken !== used.refreshToken && !isOld(now)) return now;
      return now && refreshed(url, now);
    }),
  );
}

/** The login was ended or ran out: there is no point in trying again. */
export class LoginOver extends Error {
  override name = 'LoginOver';
}

const isOld = ({ expiresAt }: Login) => expiresAt - Date.now() < AHEAD_MS;

/** `exchange`: a newer login than the one used so far; undefined: it is over. */
function loggedIn(url: string, login: Login, exchange: (used: Login) => Promise<Login | undefined>): Credentials {
  let now = login;
  let renewing: Promise<boolean> | undefined;
  const renewOnce = async () => {
    const newer = await exchange(now);
    if (!newer) throw new LoginOver(`The login at ${url} is over. Log in again: souk login.`);
    now = newer;
    return true;
  };
  const renew = () => {
    // Several requests at once find out together that the token ran out.
    renewing ??= renewOnce().finally(() => {
      renewing = undefined;
    });
    return renewing;
  };
  return {
    async headers() {
      if (isOld(now)) await renew();
      return { authorization: `Bearer ${now.accessToken}` };
    },
    renew,
  };
}

/** The next tokens of a login; undefined: its refresh token is not good any more. Throws `ApiRefused` for other reasons. */
async function refreshed(url: string, login: Login): Promise<Login | undefined> {
  const answer = await post(url, '/v1/auth/refresh', { refreshToken: login.refreshToken });
  if (answer.ok) return loginOf(tokensAnswer.parse(await answer.json()).tokens, login);
  const { status, code, message, requestId } = await refusalOf(answer);
  if (status === 401) return undefined;
  throw new ApiRefused(status, code, `The login at ${url} cannot be renewed now: ${message}`, requestId);
}

function byPassword(url: string, person: { company: string; email: string; password: string }): Credentials {
  let inside: Promise<Credentials> | undefined;
  const enter = async () =>
    loggedIn(url, await logIn(url, person, () => Promise.reject(new Error(CODE_NEEDED))), (used) =>
      refreshed(url, used),
    );
  const once = () => {
    inside ??= enter();
    return inside;
  };
  return { headers: async () => (await once()).headers(), renew: async () => (await once()).renew() };
}

const CODE_NEEDED = 'This login asks for a code of an authenticator app: use souk login, which keeps the login.';

/** Logs in; `askCode` is asked for the second factor where there is one. Throws `ApiRefused`. */
export async function logIn(
  url: string,
  person: { company: string; email: string; password: string },
  askCode: () => Promise<string>,
): Promise<Login> {
  const { company, email } = person;
  const first = await post(url, '/v1/auth/login', person);
  if (!first.ok) throw await refusalOf(first);
  const said = loginAnswer.parse(await first.json());
  if ('tokens' in said) return loginOf(said.tokens, { company, email });
  const second = await post(url, '/v1/auth/mfa', { token: said.mfa.token, code: await askCode() });
  if (!second.ok) throw await refusalOf(second);
  return loginOf(tokensAnswer.parse(await second.json()).tokens, { company, email });
}

const post = (url: string, path: string, body: object) =>
  reach(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });

const loginOf = (
  { accessToken, refreshToken, expiresIn }: Tokens,
  { company, email }: Pick<Login, 'company' | 'email'>,
): Login => ({ company, email, accessToken, refreshToken, expiresAt: Date.now() + expiresIn * 1_000 });
