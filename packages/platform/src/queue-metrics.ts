import { Counter, type Registry } from 'prom-client';

/** What a worker counts besides what every process tells. */
export interface WorkerMetrics {
  dispatched(count: number): void;
  sent(outcome: { sent: number; postponed: number; failed: number }): void;
}

/** Adds a worker's counters to its registry. */
export function workerMetrics(registry: Registry): WorkerMetrics {
  const events = new Counter({
    name: 'souk_events_dispatched_total',
    help: 'Events taken out of the outbox.',
    registers: [registry],
  });
  const notifications = new Counter({
    name: 'souk_notifications_total',
    help: 'Attempts to send a notification, by how they ended.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  return {
    dispatched: (count) => events.inc(count),
    sent(outcome) {
      for (const [name, count] of Object.entries(outcome)) notifications.inc({ outcome: name }, count);
    },
  };
}
