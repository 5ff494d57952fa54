import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import { writeSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Database } from '@souk/domain/kernel/database';
import type { Gateway, Gateways } from '@souk/domain/sales/payments/gateway';

/** The setting that names the point at which a process of tests ends itself. */
export const CRASH_AT = 'SOUK_CRASH_AT';
const ID_IN_PATH = /\/[a-z]+_[0-9a-z]{26}(?=\/|$)/g;
const STDERR = 2;

/** The request a piece of work belongs to. */
const requests = new AsyncLocalStorage<string>();

/**
 * Points at which a process can be killed, as `kill -9` would. Before, inside and after each unit of work:
 * `<label>#<n>:begin`, `:uncommitted` (all is done, the commit is not sent), `:committed`; the label is the request's
 * method and path with `:id` for ids, or the worker's job, and n counts its units of work in this process, from 1. Before
 * and after each call of a gateway: `paystack.start:before`, `:after`, counted as well from the second on
 * (`paystack.start#2:before`). Every point that is passed is written to the error output.
 */
export class CrashPoints {
  private readonly counts = new Map<string, number>();

  constructor(private readonly at: string) {
    // Published before the request is handled, in the context all of its handling comes from.
    subscribe('http.server.request.start', (message) => {
      // The channel's message is documented to hold it.
      const { request } = message as { request: IncomingMessage };
      requests.enterWith(labelOf(request));
    });
  }

  /** Those of `SOUK_CRASH_AT`; without it none is armed. */
  static ofEnvironment(): CrashPoints {
    return new CrashPoints(process.env[CRASH_AT] ?? '');
  }

  /** The same database; its units of work pass three points each. What no request and no job does passes none. */
  database(database: Database): Database {
    const run: Run = async (session, work) => {
      const label = labelOfWork(session);
      if (!label) return database.run(session, work);
      const name = `${label}#${this.next(label)}`;
      this.pass(`${name}:begin`);
      const result = await database.run(session, async (ctx) => {
        const done = await work(ctx);
        this.pass(`${name}:uncommitted`);
        return done;
      });
      this.pass(`${name}:committed`);
      return result;
    };
    return { ...database, run };
  }

  /** The same gateways; their calls pass two points each. */
  gateways(gateways: Gateways): Gateways {
    return new Map([...gateways].map(([name, gateway]) => [name, this.gateway(gateway)]));
  }

  private gateway(gateway: Gateway): Gateway {
    const around = <Given extends unknown[], Answer>(
      operation: string,
      call: (...given: Given) => Promise<Answer>,
    ): ((...given: Given) => Promise<Answer>) => {
      const label = `${gateway.provider}.${operation}`;
      return async (...given) => {
        const count = this.next(label);
        const name = count === 1 ? label : `${label}#${count}`;
        this.pass(`${name}:before`);
        const answer = await call(...given);
        this.pass(`${name}:after`);
        return answer;
      };
    };
    return {
      provider: gateway.provider,
      currencies: gateway.currencies,
      readHook: (...given) => gateway.readHook(...given),
      start: around('start', (...given: Parameters<Gateway['start']>) => gateway.start(...given)),
      verify: around('verify', (...given: Parameters<Gateway['verify']>) => gateway.verify(...given)),
      refund: around('refund', (...given: Parameters<Gateway['refund']>) => gateway.refund(...given)),
      findRefund: around('findRefund', (...given: Parameters<Gateway['findRefund']>) => gateway.findRefund(...given)),
    };
  }

  private next(label: string): number {
    const count = (this.counts.get(label) ?? 0) + 1;
    this.counts.set(label, count);
    return count;
  }

  private pass(point: string): void {
    writeSync(STDERR, `point ${point}\n`);
    if (point !== this.at) return;
    process.kill(process.pid, 'SIGKILL');
    for (;;); // nothing may happen any more until the signal is there
  }
}

const labelOfWork = ({ actor }: Session) => requests.getStore() ?? (actor.type === 'system' ? actor.id : undefined);

function labelOf({ method = '', url = '' }: IncomingMessage): string {
  const path = url.split('?')[0] ?? '';
  return `${method} ${path.replace(ID_IN_PATH, '/:id')}`;
}
