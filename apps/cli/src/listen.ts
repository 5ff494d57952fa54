import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { signedHeaders } from '@souk/domain/reach/webhooks/signature';
import type { Command } from 'commander';
import { EventSource } from 'eventsource';
import { type Api, type ApiOptions, apiOf, overHttp } from './api.ts';
import { LoginOver } from './credentials.ts';
import { ApiRefused, mayPass, refusalOf } from './http.ts';
import { listenSecret } from './logins.ts';
import { sentenceOf } from './sentence.ts';

const FORWARD_TIMEOUT_MS = 15_000;
const SECRET_BYTES = 32;
/** What was heard is kept in mind, for the stream tells some of it again after a break. */
const HEARD_MAX = 5_000;
const PAUSE_MS = { least: 1_000, most: 30_000 };

export interface ListenOptions extends ApiOptions {
  forwardTo?: string;
  events?: string;
  print?: boolean;
}

/** `souk listen`: events of a company on this machine, without a tunnel. */
export function listenCommands(program: Command): void {
  overHttp(
    program
      .command('listen')
      .description('show events as they happen, and forward them as signed webhooks; Ctrl-C ends it')
      .option('--forward-to <url>', 'POST each event there, like http://localhost:3000/hooks')
      .option('--events <patterns>', 'like order.*,payment.*; without it: all')
      .option('--print', 'show the bodies'),
  )
    .addHelpText('after', '\nThe signing secret stays the same on this machine; SOUK_LISTEN_SECRET sets another.')
    .action(async (options: ListenOptions) => {
      const ended = new AbortController();
      const end = () => ended.abort();
      process.once('SIGINT', end).once('SIGTERM', end);
      try {
        await listen(options, apiOf(options), ended.signal, (line) => void process.stdout.write(`${line}\n`));
      } finally {
        process.off('SIGINT', end).off('SIGTERM', end);
      }
    });
}

/** Listens until the signal. Throws `ApiRefused` and `LoginOver` when there is no point in trying again. */
export async function listen(
  options: ListenOptions,
  api: Api,
  signal: AbortSignal,
  write: (line: string) => void,
): Promise<void> {
  if (options.forwardTo !== undefined && !/^https?:\/\/[^/]/.test(options.forwardTo))
    throw new Error(
      `"${options.forwardTo}" is no address to forward to. Example: --forward-to http://localhost:3000/hooks`,
    );
  const asked = options.events === undefined ? '' : `?${new URLSearchParams({ type: options.events })}`;
  const { data } = await api.call<{ data: { type: string }[] }>('GET', `/v1/event-types${asked}`);
  const types = data.map(({ type }) => type);
  const secret = process.env['SOUK_LISTEN_SECRET'] || (await listenSecret(api.url, newSecret));
  const say = saying(options, write);
  say.begin(types.length, secret, api.url);
  const line = new Line(options, secret, signal, say);
  await keepListening(api, { types, patterns: options.events, line, signal }, say);
  await line.end();
}

const newSecret = () => `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;

interface Heard {
  id: string;
  type: string;
  body: string;
}

interface Streaming {
  types: readonly string[];
  patterns: string | undefined;
  line: Line;
  signal: AbortSignal;
}

/** One stream after the other. A break is told once, whatever number of attempts it takes, and that it is over. */
async function keepListening(api: Api, streaming: Streaming, say: Saying): Promise<void> {
  const { signal } = streaming;
  let told: string | undefined;
  let pauseMs = PAUSE_MS.least;
  const opened = () => {
    if (told !== undefined) say.note('Listening again');
    told = undefined;
    pauseMs = PAUSE_MS.least;
  };
  while (!signal.aborted) {
    const broken = await stream(api, streaming, opened);
    if (signal.aborted) return;
    if (broken !== told) say.note(`${broken}; trying again`);
    told = broken;
    await setTimeout(pauseMs, undefined, { signal }).catch(() => undefined); // ended meanwhile
    pauseMs = Math.min(pauseMs * 2, PAUSE_MS.most);
  }
}

/**
 * One stream, over as many connections as the library makes of it while each of them opens. Resolves with why it broke;
 * throws what is final.
 */
function stream(api: Api, { types, patterns, line, signal }: Streaming, opened: () => void): Promise<string> {
  return new Promise((resolve, reject) => {
    let failure: unknown;
    const query = patterns === undefined ? '' : `?${new URLSearchParams({ types: patterns })}`;
    const source = new EventSource(`${api.url}/v1/events/stream${query}`, {
      async fetch(url, init) {
        const headers = new Headers(init.headers);
        // A new stream goes on where the one before broke.
        if (line.lastId !== undefined) headers.set('last-event-id', line.lastId);
        try {
          const answer = await api.fetch(url, { ...init, headers } as RequestInit); // its own type leaves most of it out
          if (!answer.ok) failure = await refusalOf(answer.clone());
          return answer;
        } catch (error) {
          failure = error;
          throw error;
        }
      },
    });
    const end = (how: () => void) => {
      source.close();
      signal.removeEventListener('abort', stop);
      how();
    };
    const stop = () => end(() => resolve('ended'));
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    for (const type of types)
      source.addEventListener(type, ({ lastEventId, data }) =>
        line.take({ id: lastEventId, type, body: String(data) }),
      );
    source.addEventListener('open', opened);
    source.addEventListener('error', ({ message }) => {
      // What ended by itself it opens again by itself. What did not open it would try for ever, without a word.
      if (failure === undefined && source.readyState !== source.CLOSED) return;
      end(() => {
        if (failure === undefined) return resolve(message ?? 'The stream broke');
        if (isFinal(failure)) return reject(failure);
        resolve(sentenceOf(failure));
      });
    });
  });
}

const isFinal = (error: unknown) => error instanceof LoginOver || (error instanceof ApiRefused && !mayPass(error));

/** Events on their way, one after the other, each once. */
class Line {
  lastId: string | undefined;
  private readonly heard = new Set<string>();
  private before: Promise<void> = Promise.resolve();

  constructor(
    private readonly options: ListenOptions,
    private readonly secret: string,
    private readonly signal: AbortSignal,
    private readonly say: Saying,
  ) {}

  take(event: Heard): void {
    this.lastId = event.id;
    if (this.heard.has(event.id)) return;
    this.heard.add(event.id);
    for (const oldest of this.heard) {
      if (this.heard.size <= HEARD_MAX) break;
      this.heard.delete(oldest);
    }
    this.before = this.before.then(async () => {
      if (!this.signal.aborted) this.say.event(event, await this.forward(event));
    });
  }

  /** Resolves when what was under way is done. */
  end(): Promise<void> {
    return this.before;
  }

  private async forward({ id, body }: Heard): Promise<Outcome | undefined> {
    const { forwardTo } = this.options;
    if (forwardTo === undefined) return undefined;
    const timestamp = Math.floor(Date.now() / 1_000);
    const begun = performance.now();
    const ms = () => Math.round(performance.now() - begun);
    try {
      const answer = await fetch(forwardTo, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...signedHeaders({ id, timestamp, body }, [this.secret]) },
        body,
        redirect: 'manual',
        signal: AbortSignal.any([this.signal, AbortSignal.timeout(FORWARD_TIMEOUT_MS)]),
      });
      await answer.body?.cancel();
      return { status: answer.status, ms: ms() };
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
      return { error: code || (cause instanceof Error ? cause.message : String(cause)), ms: ms() };
    }
  }
}

type Outcome = { ms: number } & ({ status: number } | { error: string });

interface Saying {
  begin(types: number, secret: string, url: string): void;
  note(text: string): void;
  event(event: Heard, outcome: Outcome | undefined): void;
}

function saying({ json, print, forwardTo }: ListenOptions, write: (line: string) => void): Saying {
  if (json) {
    // A document for each line: whoever reads them need not wait for the end.
    const tell = (document: object) => write(JSON.stringify(document));
    return {
      begin: (types, secret, url) => tell({ listening: { url, types, forwardTo: forwardTo ?? null, secret } }),
      note: (note) => tell({ note }),
      event: ({ id, type, body }, outcome) =>
        tell({ id, type, ...(outcome && { forwarded: outcome }), ...(print && { event: JSON.parse(body) }) }),
    };
  }
  return {
    begin(types, secret, url) {
      write(
        `Listening at ${url} for ${types} ${types === 1 ? 'type' : 'types'} of events${forwardTo ? `, forwarding to ${forwardTo}` : ''}.`,
      );
      if (forwardTo) write(`Signing secret of what is forwarded: ${secret}`);
      write('Ctrl-C ends it.');
    },
    note: (text) => write(`  ${text}`),
    event({ id, type, body }, outcome) {
      const result =
        outcome === undefined ? '' : 'status' in outcome ? `  ${outcome.status}` : `  no answer: ${outcome.error}`;
      write(`${new Date().toISOString().slice(11, 19)}  ${type}  ${id}${result}${outcome ? `  ${outcome.ms} ms` : ''}`);
      if (print) write(JSON.stringify(JSON.parse(body), null, 2));
    },
  };
}
