import type { FastifyInstance } from 'fastify';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** In seconds. Storefront reads are a few milliseconds; logins about 50; nothing may take longer than 10 s. */
const DURATIONS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** A registry with what every process tells: memory, event loop, garbage collection, and its database pool. */
export function processMetrics(
  name: string,
  pool: { stats(): { open: number; idle: number; waiting: number } },
): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ process: name });
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'souk_database_connections',
    help: 'Connections of this process to PostgreSQL, and who waits for one.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      for (const [state, count] of Object.entries(pool.stats())) this.set({ state }, count);
    },
  });
  return registry;
}

/** Counts and times the requests of an API by route pattern: never by URL, which would make a series of every id. */
export function timeRequests(fastify: FastifyInstance, registry: Registry, remembered: () => number): void {
  const duration = new Histogram({
    name: 'souk_http_request_duration_seconds',
    help: 'Time from the arrival of a request to its answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: DURATIONS,
    registers: [registry],
  });
  const refused = new Counter({
    name: 'souk_http_rate_limited_total',
    help: 'Requests refused because there were too many.',
    registers: [registry],
  });
  new Gauge({
    name: 'souk_standings_remembered',
    help: 'Credentials whose standing is in memory.',
    registers: [registry],
    collect() {
      this.set(remembered());
    },
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const status = reply.statusCode;
    const labels = { method: request.method, route: request.routeOptions.url ?? 'none', status: String(status) };
    duration.observe(labels, reply.elapsedTime / 1000);
    if (status === 429) refused.inc();
    done();
  });
}
