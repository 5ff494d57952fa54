import { Counter, Gauge, type Registry } from 'prom-client';

/** What a worker counts besides what every process tells. */
export interface WorkerMetrics {
  dispatched(count: number): void;
  sent(outcome: { sent: number; postponed: number; failed: number }): void;
  /** An attempt to deliver a webhook ended as `succeeded`, `postponed`, `failed` or `lost`. */
  delivered(outcome: string): void;
  /** How long the oldest webhook that could be sent now has been waiting, in seconds. */
  waiting(seconds: number): void;
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
  const deliveries = new Counter({
    name: 'souk_webhook_attempts_total',
    help: 'Attempts to deliver a webhook, by how they ended.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  const backlog = new Gauge({
    name: 'souk_webhook_backlog_age_seconds',
    help: 'How long the oldest webhook that could be sent now has been waiting. Paused and disabled endpoints do not count.',
    registers: [registry],
  });
  return {
    delivered: (outcome) => deliveries.inc({ outcome }),
    waiting: (seconds) => backlog.set(seconds),
    dispatched: (count) => events.inc(count),
    sent(outcome) {
      for (const [name, count] of Object.entries(outcome)) notifications.inc({ outcome: name }, count);
    },
  };
}
