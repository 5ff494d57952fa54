import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import type { Readiness } from './health.ts';

export interface OpsListener {
  readonly port: number;
  close(): Promise<void>;
}

export interface OpsOptions {
  host: string;
  /** 0: nobody listens. */
  port: number;
  registry: Registry;
  readiness: Readiness;
}

/**
 * `/metrics` on a listener of its own, so that no proxy can publish it by mistake; `/healthz` and `/readyz` beside it,
 * for processes that have no other door. Rejects if the port is taken, naming the setting.
 */
export async function startOpsListener({
  host,
  port,
  registry,
  readiness,
}: OpsOptions): Promise<OpsListener | undefined> {
  if (port === 0) return undefined;
  const server = createServer((request, response) => {
    answer(request.url ?? '/', registry, readiness).then(
      ({ status, type, body }) =>
        response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body),
      () => response.writeHead(500).end(),
    );
  });
  await listen(server, host, port);
  return {
    port: (server.address() as AddressInfo).port, // it listens on a port, so the address is of this form
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const next =
        error.code === 'EADDRINUSE' ? ' Another process has it: set METRICS_PORT to a free one, or to 0.' : '';
      reject(
        new Error(`The metrics cannot be served on ${host}:${port} (${error.code ?? error.message}).${next}`, {
          cause: error,
        }),
      );
    });
    server.listen(port, host, resolve);
  });
}

async function answer(url: string, registry: Registry, readiness: Readiness) {
  const json = 'application/json; charset=utf-8';
  switch (url.split('?')[0]) {
    case '/metrics':
      return { status: 200, type: registry.contentType, body: await registry.metrics() };
    case '/healthz':
      return { status: 200, type: json, body: '{"status":"ok"}' };
    case '/readyz': {
      const { isReady, checks } = await readiness.health();
      return {
        status: isReady ? 200 : 503,
        type: json,
        body: JSON.stringify({ status: isReady ? 'ready' : 'not ready', checks }),
      };
    }
    default:
      return { status: 404, type: 'text/plain', body: 'Here are /metrics, /healthz and /readyz.\n' };
  }
}
