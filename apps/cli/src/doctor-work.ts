import type { Database } from '@souk/domain/kernel/database';
import { backlogOf, COUNTED_MAX, endpointsGivenUp, type Waiting } from '@souk/domain/setup/diagnosis/diagnosis.service';
import { type Finding, fault, look, ok, warning } from './findings.ts';

/** A worker takes work within seconds. */
const LATE_SECONDS = { warning: 60, fault: 600 };
const ENDPOINTS_SHOWN = 20;
const WORKER = 'Is a worker running? Its log says what it is at.';
const NO_MAIL = 'Without SMTP_URL they wait until they expire: set it for the worker.';

/** What waits for a worker, and what it gave up. */
export async function workFindings(relay: Database, { hasMail }: { hasMail: boolean }): Promise<Finding[]> {
  return [
    ...(await look('work', WORKER, async () => {
      const { events, deliveries, notifications, audit } = await relay.unscoped(backlogOf);
      return [
        ofWaiting('events', 'announced and not handed on', events),
        ofWaiting('webhooks', 'due', deliveries),
        hasMail ? ofWaiting('mails and notes', 'due', notifications) : withoutMail(notifications),
        ofWaiting('audit log', 'not in the chain', audit),
      ];
    })),
    ...(await look('endpoints', WORKER, () => endpointFinding(relay))),
  ];
}

function ofWaiting(name: string, what: string, waiting: Waiting): Finding {
  const { oldestSeconds } = waiting;
  const text = textOf(what, waiting);
  if (oldestSeconds === null || oldestSeconds < LATE_SECONDS.warning) return ok(name, text);
  return oldestSeconds < LATE_SECONDS.fault ? warning(name, `${text}.`, WORKER) : fault(name, `${text}.`, WORKER);
}

/** No worker is to blame for mails that nobody can send. */
function withoutMail(waiting: Waiting): Finding {
  const text = textOf('due', waiting);
  return waiting.oldestSeconds === null ? ok('mails and notes', text) : warning('mails and notes', `${text}.`, NO_MAIL);
}

function textOf(what: string, { count, oldestSeconds }: Waiting): string {
  if (oldestSeconds === null) return 'nothing waits';
  const many = count > COUNTED_MAX ? `more than ${COUNTED_MAX}` : String(count);
  return `${many} ${what}, the first for ${oldestSeconds} s`;
}

async function endpointFinding(relay: Database): Promise<Finding> {
  const found = await relay.unscoped((tx) => endpointsGivenUp(tx, ENDPOINTS_SHOWN + 1));
  if (found.length === 0) return ok('endpoints', 'none was given up');
  const shown = found.slice(0, ENDPOINTS_SHOWN).map(({ id, companyId, reason }) => `${id} of ${companyId} (${reason})`);
  const many = found.length > ENDPOINTS_SHOWN ? `At least ${found.length}` : String(found.length);
  return warning(
    'endpoints',
    `${many} given up: ${shown.join(', ')}${found.length > ENDPOINTS_SHOWN ? ' …' : '.'}`,
    'Their companies were told by mail; once mended, PATCH {"status":"enabled"} and souk events resend --since.',
  );
}
