import fc from 'fast-check';
import type { TestApi } from './app.ts';
import { type HostileRequest, requestsTo, requestsWithNul } from './hostile.ts';
import { type Operation, operationsOf } from './operations.ts';

/** Who sends a request, and under which ids they own things. */
export interface Principal {
  token?: string;
  key?: string;
  /** The storefront: a customer's token rides beside the shop's key. */
  isTokenBesideKey?: boolean;
  things: Readonly<Record<string, string>>;
}

export interface FuzzOptions {
  /** Requests in all, spread over the operations. */
  requests: number;
  /** A principal with every right. Asked again when the last one has locked itself out. */
  principal(): Promise<Principal>;
}

type Credentials = Pick<Principal, 'token' | 'key'>;

interface Sent extends HostileRequest {
  status: number;
  text: string;
}

/**
 * Sends hostile requests to every operation of an API, with and without credentials. Throws at the first answer that is
 * a 5xx other than a documented 503, breaks the OpenAPI document, or says no in another way than problem+json with a
 * code; the message holds the request, and the seed to run it again with `FUZZ_SEED`.
 */
export async function fuzz(api: TestApi, { requests, principal }: FuzzOptions): Promise<Map<number, number>> {
  const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
  console.log(`fuzz: seed ${seed} (FUZZ_SEED=${seed} repeats it)`);
  const operations = operationsOf(api.document);
  const statuses = new Map<number, number>();
  let who = await principal();
  for (const [at, operation] of operations.entries()) {
    const runs = Math.ceil((requests - total(statuses)) / (operations.length - at));
    for (const request of fc.sample(
      requestsTo(operation, (prefix) => who.things[prefix]),
      { numRuns: runs, seed: seed + at },
    )) {
      const isAnonymous = total(statuses) % 6 === 5;
      const sent = await send(api, request, isAnonymous ? {} : credentialsOf(who, operation, total(statuses)), seed);
      statuses.set(sent.status, (statuses.get(sent.status) ?? 0) + 1);
      const isLockedOut = sent.status === 401 || sent.text.includes('"permission_missing"');
      if (isLockedOut && !isAnonymous && !operation.isPublic) who = await principal();
    }
  }
  return statuses;
}

/**
 * Sends every operation a NUL in each text it takes, one at a time, with good credentials. Throws as `fuzz` does. Says how
 * many requests that were.
 */
export async function probeTexts(api: TestApi, { principal }: Pick<FuzzOptions, 'principal'>): Promise<number> {
  let sent = 0;
  let who = await principal();
  for (const operation of operationsOf(api.document))
    for (const request of requestsWithNul(operation, (prefix) => who.things[prefix])) {
      const { status } = await send(api, request, credentialsOf(who, operation, sent++), 0);
      if (status === 401 && !operation.isPublic) who = await principal();
    }
  return sent;
}

/** Both where they belong together; else one of them. A key is nobody: what is about oneself is tried with the token only. */
function credentialsOf(
  { token, key, isTokenBesideKey }: Principal,
  { permission }: Operation,
  at: number,
): Credentials {
  if (isTokenBesideKey) return { token, key };
  const byKey = key !== undefined && (token === undefined || (permission !== undefined && at % 3 === 0));
  return byKey ? { key } : { token };
}

const total = (statuses: Map<number, number>) => [...statuses.values()].reduce((sum, count) => sum + count, 0);

async function send(api: TestApi, request: HostileRequest, who: Credentials, seed: number): Promise<Sent> {
  const { method, path, headers, body } = request;
  const told = `${method} ${path.slice(0, 500)}\n${JSON.stringify({ ...headers, ...who }).slice(0, 500)}\n${body?.slice(0, 2_000) ?? '(no body)'}\nseed ${seed}`;
  const answer = await api.call<{ code?: unknown }>(method, path, { ...who, headers, body }).catch((error: unknown) => {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${told}\n${faultInLog(api)}`);
  });
  const { status } = answer;
  const isProblem = String(answer.headers['content-type']).startsWith('application/problem+json');
  const isFine = status < 400 || (isProblem && (method === 'HEAD' || typeof answer.body?.code === 'string'));
  if (!isFine || (status >= 500 && status !== 503))
    throw new Error(`answered ${status}: ${answer.text}\n${told}\n${faultInLog(api)}`);
  return { ...request, status, text: answer.text };
}

const faultInLog = (api: TestApi) => api.log.findLast((line) => line.includes('"level":50')) ?? '';
