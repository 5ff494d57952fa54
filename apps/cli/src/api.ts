import type { Command } from 'commander';
import { type Credentials, credentialsFor } from './credentials.ts';
import { reach, refusalOf } from './http.ts';

export const DEFAULT_URL = 'http://localhost:4000';

/** What every command over HTTP takes. */
export interface ApiOptions {
  url?: string;
  json?: boolean;
}

/** Where the API is: `--url`, else SOUK_URL, else this machine. Without a slash at its end. */
export function apiUrl(options: ApiOptions, env: NodeJS.ProcessEnv = process.env): string {
  const url = (options.url ?? (env['SOUK_URL'] || DEFAULT_URL)).replace(/\/+$/, '');
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    throw new Error(`"${url}" is no address of an admin API. Example: --url ${DEFAULT_URL}`);
  return url;
}

/** A command that talks to the admin API. */
export const overHttp = (command: Command): Command =>
  command
    .option('--url <url>', `where the admin API is (SOUK_URL; else ${DEFAULT_URL})`)
    .option('--json', 'answer as JSON');

/** The admin API with somebody's credentials. */
export class Api {
  constructor(
    readonly url: string,
    private readonly credentials: Credentials,
  ) {}

  /** A GET, or a POST of JSON. Throws `ApiRefused`, or an error that says why nobody answered. */
  async call<T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> {
    const answer = await this.fetch(`${this.url}${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    if (!answer.ok) throw await refusalOf(answer);
    // Whoever asks names the shape, as the OpenAPI document has it.
    return (answer.status === 204 ? undefined : await answer.json()) as T;
  }

  /** `fetch` with the credentials, whatever it answers; one that has run out is renewed once. */
  async fetch(url: string | URL, init: RequestInit & { again?: () => RequestInit['body'] } = {}): Promise<Response> {
    const send = async () => {
      const headers = new Headers(init.headers);
      for (const [name, value] of Object.entries(await this.credentials.headers())) headers.set(name, value);
      const body = init.again ? { body: init.again() } : {};
      return reach(url, { ...init, ...body, headers });
    };
    const answer = await send();
    if (answer.status !== 401 || !(await this.credentials.renew())) return answer;
    await answer.body?.cancel();
    return send();
  }
}

/** The API that a command's options and the environment name. */
export function apiOf(options: ApiOptions): Api {
  const url = apiUrl(options);
  return new Api(url, credentialsFor(url));
}
