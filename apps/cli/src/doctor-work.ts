import { systemSession } from '@souk/domain/kernel/ctx';
import type { Database } from '@souk/domain/kernel/database';
import { listEndpoints } from '@souk/domain/reach/webhooks/webhook-endpoints.service';
import {
  backlogOf,
  COUNTED_MAX,
  companiesWithDisabledEndpoints,
  type Waiting,
} from '@souk/domain/setup/diagnosis/diagnosis.service';
import { type Finding, fault, look, ok, warning } from './findings.ts';

/** A worker takes work within seconds. */
const LATE_SECONDS = { warning: 60, fault: 600 };
const COMPANIES_SHOWN = 20;
const ENDPOINTS_OF_COMPANY = 20;
const WORKER = 'Is a worker running? Its log says what it is at.';

/** What waits for a worker, and what it gave up. */
export async function workFindings({ app, relay }: { app: Database; relay: Database }): Promise<Finding[]> {
  return [
    ...(await look('work', WORKER, async () => {
      const { events, deliveries, notifications, audit } = await relay.unscoped(backlogOf);
      return [
        ofWaiting('events', 'announced and not handed on', events),
        ofWaiting('webhooks', 'due', deliveries),
        ofWaiting('mails and notes', 'due', notifications),
        ofWaiting('audit log', 'not in the chain', audit),
      ];
    })),
    ...(await look('endpoints', WORKER, () => endpointFindings(app, relay))),
  ];
}

function ofWaiting(name: string, what: string, { count, oldestSeconds }: Waiting): Finding {
  if (oldestSeconds === null) return ok(name, 'nothing waits');
  const many = count > COUNTED_MAX ? `more than ${COUNTED_MAX}` : String(count);
  const text = `${many} ${what}, the first for ${oldestSeconds} s`;
  if (oldestSeconds < LATE_SECONDS.warning) return ok(name, text);
  return oldestSeconds < LATE_SECONDS.fault ? warning(name, `${text}.`, WORKER) : fault(name, `${text}.`, WORKER);
}

async function endpointFindings(app: Database, relay: Database): Promise<Finding> {
  const companies = await relay.unscoped((tx) => companiesWithDisabledEndpoints(tx, COMPANIES_SHOWN));
  const given: string[] = [];
  for (const companyId of companies) {
    const { data } = await app.run(systemSession(companyId, 'operator'), (ctx) =>
      listEndpoints(ctx, { limit: ENDPOINTS_OF_COMPANY, status: 'disabled' }),
    );
    // Staff know what they switched off by hand.
    for (const { id, disabledReason } of data)
      if (disabledReason !== 'by_hand') given.push(`${id} of ${companyId} (${disabledReason})`);
  }
  if (given.length === 0) return ok('endpoints', 'none was given up');
  return warning(
    'endpoints',
    `Given up: ${given.join(', ')}.`,
    'Their companies were told by mail; once mended, PATCH {"status":"enabled"} and souk events resend --since.',
  );
}
