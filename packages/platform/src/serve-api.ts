import type { IncomingMessage, Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApi } from './api.ts';
import type { ApiDescription } from './api-description.ts';
import { type ApiParts, openApiParts } from './api-parts.ts';
import type { ApiConfig } from './config.ts';
import { createLoggers, type Loggers } from './logger.ts';
import { type OpsListener, startOpsListener } from './ops-listener.ts';

/**
 * After it said that it is not ready a process goes on answering until nobody sent a request for so long: whoever
 * balances requests needs a moment to take it off, and must not run into a closed door. But not for ever.
 */
const QUIET_MS = 400;
const QUIET_WITHIN_MS = 4_000;
const QUIET_LOOK_MS = 50;
/** Requests in flight get this long to end. Together with the rest it stays below 25 s, which orchestrators give. */
const DRAIN_MS = 18_000;
const STOP_MS = 25_000;
/** Asking how a process is is no traffic. */
const OPS_PATHS = new Set(['/healthz', '/readyz']);

export interface ServedApi extends ApiDescription {
  config: ApiConfig;
  port: number;
  /** The setting that holds the port, for the message when it is taken. */
  portSetting: string;
  /** What a process of tests puts around its parts before anything uses them. */
  wrap?: (parts: ApiParts) => ApiParts;
}

/**
 * Runs an API until SIGTERM or SIGINT: opens its parts, listens, and stops in order. Ends the process with code 1 and one
 * readable message if it cannot start.
 */
export async function serveApi({ config, port, portSetting, wrap, ...description }: ServedApi): Promise<void> {
  const loggers = createLoggers({ level: config.LOG_LEVEL, process: description.name });
  if (description.name === 'admin' && config.NODE_ENV === 'production' && config.SMTP_URL === undefined) {
    loggers.log.warn('SMTP_URL is not set here: is it for the worker? Else no invite and no password reset arrives');
  }
  try {
    const opened = await openApiParts(config, loggers, { name: `souk-${description.name}` });
    const parts = wrap ? wrap(opened) : opened;
    const app = await createApi(description, parts);
    const { readiness, registry } = parts;
    const ops = await startOpsListener({ host: config.METRICS_HOST, port: config.METRICS_PORT, registry, readiness });
    stopOnSignal(app, parts, ops, loggers);
    await listen(app, config.HOST, port, portSetting);
    loggers.log.info(
      { url: `http://${config.HOST}:${port}`, metrics: ops?.port },
      `the ${description.name} API is ready`,
    );
  } catch (error) {
    loggers.log.fatal({ err: error }, error instanceof Error ? error.message : String(error));
    process.exit(1);
  }
}

async function listen(app: NestFastifyApplication, host: string, port: number, setting: string): Promise<void> {
  try {
    await app.listen({ port, host });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const next = code === 'EADDRINUSE' ? ` Another process has it: set ${setting} to a free port.` : '';
    throw new Error(`Cannot listen on ${host}:${port} (${code}).${next}`, { cause: error });
  }
}

/**
 * Not ready → requests still come and are answered, each with the word that its connection ends → no new connections →
 * requests in flight end → what waits in memory is written → connections close.
 */
function stopOnSignal(
  app: NestFastifyApplication,
  parts: ApiParts,
  ops: OpsListener | undefined,
  { log }: Loggers,
): void {
  const server = app.getHttpServer() as Server; // Nest's type is any
  let isStopping = false;
  const stop = async (signal: string) => {
    if (isStopping) return;
    isStopping = true;
    log.info({ signal }, 'stopping: requests in flight may end');
    parts.readiness.stop();
    setTimeout(() => process.exit(1), STOP_MS).unref();
    await quiet(server, QUIET_WITHIN_MS);
    const late = setTimeout(() => {
      log.warn('requests were still in flight and are cut off');
      server.closeAllConnections();
    }, DRAIN_MS);
    await closeDoor(server);
    clearTimeout(late);
    await app.close();
    await parts.close();
    await ops?.close();
    log.info('stopped');
    process.exit(0);
  };
  const stopped = (signal: string) => {
    stop(signal).catch((error: unknown) => {
      log.error({ err: error }, 'stopping failed');
      process.exit(1);
    });
  };
  process.on('SIGTERM', stopped);
  process.on('SIGINT', stopped);
}

/**
 * Takes no more connections, and resolves when those that are there have ended. Node would hang up at once on those it
 * holds for idle, and with them on requests that lie in the line and were not read yet.
 */
async function closeDoor(server: Server): Promise<void> {
  await new Promise(setImmediate); // behind the reading of a round: who stands at the door has come in
  const ended = new Promise((resolve) => NetServer.prototype.close.call(server, resolve));
  await quiet(server, QUIET_MS);
  server.closeIdleConnections();
  await ended;
}

/** Resolves when nobody has sent a request for a while, or when that does not happen in time. */
async function quiet(server: Server, withinMs: number): Promise<void> {
  const begun = performance.now();
  let last = begun;
  const heard = ({ url = '' }: IncomingMessage) => {
    if (!OPS_PATHS.has(url.split('?')[0] ?? '')) last = performance.now();
  };
  server.on('request', heard);
  for (let now = begun; now - last < QUIET_MS && now - begun < withinMs; now = performance.now())
    await pause(QUIET_LOOK_MS);
  server.off('request', heard);
}
