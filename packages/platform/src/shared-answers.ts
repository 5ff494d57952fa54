import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { AnswerName, AnswerShelf, MadeAnswer } from './answer-cache.ts';

const PREFIX = 'souk:answers:';
/** A Redis slower than this is not worth waiting for: making the answer takes about as long. */
const WAIT_MS = 20;
/** After a failure or a slow answer it is left alone for so long, so that not every request waits for it in vain. */
const REST_MS = 1_000;
/** What one process keeps for the others, whatever its own time would be. */
const SHARED_MS_MAX = 2_000;

/**
 * Answers that one process made, for the others. Never needed: when Redis fails, is slow or is away, every process makes
 * its own. The key holds company and version, so nothing in it can be out of date, and it ends by itself.
 */
export class SharedAnswers implements AnswerShelf {
  private restUntil = 0;

  constructor(
    private readonly redis: Pick<Redis, 'status' | 'pipeline' | 'set'>,
    private readonly log: Logger,
    private readonly now: () => number = Date.now,
  ) {}

  /** Undefined: nobody has made it, or Redis does not say so in time. */
  async get(name: AnswerName): Promise<MadeAnswer | undefined> {
    if (!this.isUp()) return undefined;
    const key = keyOf(name);
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => {
        this.rest();
        resolve(undefined);
      }, WAIT_MS);
    });
    try {
      const found = this.redis
        .pipeline()
        .getBuffer(key)
        .pttl(key)
        .exec()
        .then((replies) => {
          const [[, bytes] = [], [, ms] = []] = replies ?? [];
          return Buffer.isBuffer(bytes) && typeof ms === 'number' && ms > 0 ? read(bytes, ms) : undefined;
        })
        .catch((error: unknown) => this.failed(error));
      return await Promise.race([found, tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Gives an answer to the others. Nobody waits for it. */
  put(name: AnswerName, { answer, goodForMs }: MadeAnswer): void {
    const ms = Math.floor(Math.min(goodForMs, SHARED_MS_MAX));
    if (ms <= 0 || !this.isUp()) return;
    const head = Buffer.from(`${answer.etag}\n${answer.location ?? ''}\n`);
    this.redis
      .set(keyOf(name), Buffer.concat([head, answer.body]), 'PX', ms)
      .catch((error: unknown) => this.failed(error));
  }

  private isUp(): boolean {
    return this.redis.status === 'ready' && this.restUntil <= this.now();
  }

  private rest(): void {
    this.restUntil = this.now() + REST_MS;
  }

  private failed(error: unknown): undefined {
    this.rest();
    this.log.warn({ err: error }, 'answers are not shared between processes: Redis failed');
  }
}

const keyOf = ({ companyId, version, asked }: AnswerName) =>
  `${PREFIX}${companyId}:${version}:${createHash('sha256').update(asked).digest('base64url')}`;

function read(bytes: Buffer, goodForMs: number): MadeAnswer | undefined {
  const first = bytes.indexOf(10);
  const second = bytes.indexOf(10, first + 1);
  if (first < 0 || second < 0) return undefined;
  const location = bytes.toString('utf8', first + 1, second);
  const body = bytes.subarray(second + 1);
  return { answer: { etag: bytes.toString('utf8', 0, first), body, ...(location && { location }) }, goodForMs };
}
