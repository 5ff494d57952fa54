import { NotPossible, Surprise } from './surprise.ts';

const ANSWER_WITHIN_MS = 30_000;
const STREAM_WITHIN_MS = 60_000;
const TOO_MANY = 429;
/** So much of an unexpected answer is shown. */
const SHOWN_MAX = 600;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** The body of every answer that says no (RFC 9457). */
export interface Problem {
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
}

export interface Asked {
  body?: unknown;
  headers?: Readonly<Record<string, string>>;
  /** Left out: 200, and 201 for a POST. */
  status?: number;
}

/** How many requests the tour has sent so far. */
export interface Counter {
  requests: number;
}

/** One caller of one API: its address and what it says of itself with every request. */
export class Api {
  constructor(
    readonly base: string,
    private readonly counter: Counter,
    private readonly own: Readonly<Record<string, string>> = {},
  ) {}

  /** The same API, asked by somebody else. */
  as(own: Readonly<Record<string, string>>): Api {
    return new Api(this.base, this.counter, own);
  }

  /** This caller, with one more thing to say. */
  with(more: Readonly<Record<string, string>>): Api {
    return new Api(this.base, this.counter, { ...this.own, ...more });
  }

  get<T>(path: string, asked: Asked = {}): Promise<T> {
    return this.#want<T>('GET', path, asked);
  }

  post<T>(path: string, body: unknown, asked: Asked = {}): Promise<T> {
    return this.#want<T>('POST', path, { status: 201, ...asked, body });
  }

  put<T>(path: string, body: unknown, asked: Asked = {}): Promise<T> {
    return this.#want<T>('PUT', path, { ...asked, body });
  }

  patch<T>(path: string, body: unknown, asked: Asked = {}): Promise<T> {
    return this.#want<T>('PATCH', path, { ...asked, body });
  }

  /** A request that has to be refused, with this status and code. @throws Surprise when it is not */
  async refused(method: string, path: string, { body, headers, status, code }: Asked & { code: string }) {
    const answer = await this.ask(method, path, { body, headers });
    const problem = answer.status >= 400 ? read<Problem>(answer) : undefined;
    if (answer.status === status && problem?.code === code) return problem;
    throw new Surprise(`${method} ${path}`, { expected: `${status} ${code}`, seen: shown(answer) });
  }

  /** A request whatever it is answered. @throws NotPossible when nothing answers */
  async ask(method: string, path: string, { body, headers }: Omit<Asked, 'status'> = {}): Promise<Answer> {
    this.counter.requests += 1;
    const isJson = body !== undefined && !(body instanceof FormData) && !(body instanceof URLSearchParams);
    const url = path.startsWith('http') ? path : `${this.base}${path}`;
    try {
      const response = await fetch(url, {
        method,
        headers: { ...this.own, ...(isJson ? { 'content-type': 'application/json' } : {}), ...headers },
        redirect: 'manual',
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
        ...(body === undefined ? {} : { body: isJson ? JSON.stringify(body) : body }),
      });
      return { status: response.status, headers: response.headers, text: await response.text() };
    } catch (error) {
      throw new NotPossible(`${method} ${url} got no answer (${reasonOf(error)}). Does npm start still run?`);
    }
  }

  /** Server-sent events until the server ends them. */
  async *events(path: string): AsyncGenerator<{ event: string; data: string }> {
    this.counter.requests += 1;
    const signal = AbortSignal.timeout(STREAM_WITHIN_MS);
    const response = await fetch(`${this.base}${path}`, { headers: this.own, signal });
    if (response.status !== 200 || !response.body) {
      throw new Surprise(`GET ${path}`, { expected: '200 and events', seen: String(response.status) });
    }
    let text = '';
    for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
      text += piece;
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
        const data = field('data');
        if (data !== undefined) yield { event: field('event') ?? 'message', data };
      }
    }
  }

  async #want<T>(method: string, path: string, { status = 200, ...asked }: Asked): Promise<T> {
    const answer = await this.ask(method, path, asked);
    if (answer.status === TOO_MANY) throw new NotPossible(waitSentence(method, path, answer));
    if (answer.status === status) return read<T>(answer);
    throw new Surprise(`${method} ${path}`, { expected: String(status), seen: shown(answer) });
  }
}

/** What the reference at /docs promises for the answer; what of it the tour looks at, it compares. */
export function read<T>(answer: Answer): T {
  if (answer.text === '') return undefined as T; // 204: the caller wants nothing of it
  try {
    return JSON.parse(answer.text) as T;
  } catch {
    throw new Surprise('an answer', { expected: 'JSON', seen: shown(answer) });
  }
}

const shown = ({ status, text }: Answer): string => `${status} ${text.slice(0, SHOWN_MAX)}`;

function waitSentence(method: string, path: string, { headers }: Answer): string {
  const minutes = Math.ceil(Number(headers.get('retry-after') ?? 60) / 60);
  return (
    `${method} ${path} may be asked only so often from one address, and this machine has asked more. That is no fault. ` +
    `Take the tour again in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`
  );
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

/** Asks until the answer is as it should be. @throws Surprise after `withinMs`, with the last answer */
export async function until<T>(
  where: string,
  {
    expected,
    ask,
    ok,
    withinMs = 15_000,
  }: { expected: string; ask: () => Promise<T>; ok: (last: T) => boolean; withinMs?: number },
): Promise<T> {
  const end = Date.now() + withinMs;
  for (;;) {
    const last = await ask();
    if (ok(last)) return last;
    if (Date.now() > end) {
      const seen = `${JSON.stringify(last)?.slice(0, SHOWN_MAX)} (after ${withinMs / 1000} s)`;
      throw new Surprise(where, { expected, seen });
    }
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}
