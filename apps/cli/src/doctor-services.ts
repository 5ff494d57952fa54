import { randomBytes } from 'node:crypto';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { WorkerConfig } from '@souk/platform/config';
import { openFiles } from '@souk/platform/files';
import { createLoggers } from '@souk/platform/logger';
import { refuseUnfitQueue } from '@souk/platform/queue-check';
import { openRedis } from '@souk/platform/redis';
import { storefrontUrl } from '@souk/platform/storefront-url';
import { type Finding, fault, look, ok, warning } from './findings.ts';

const WAIT_MS = 4_000;
const SMTP_PORTS: Record<string, number> = { 'smtp:': 587, 'smtps:': 465 };

/** What stands around the database: queue, files, mail, payment providers, the two APIs. */
export async function serviceFindings(config: WorkerConfig): Promise<Finding[]> {
  return (
    await Promise.all([
      queueFindings(config),
      fileFindings(config),
      mailFindings(config),
      gatewayFindings(config),
      apiFindings('admin API', config.ADMIN_URL),
      apiFindings('storefront API', storefrontUrl(config)),
    ])
  ).flat();
}

function queueFindings(config: WorkerConfig): Promise<Finding[]> {
  const { REDIS_URL: url } = config;
  if (url === undefined)
    return look('queue', 'Set DATABASE_QUEUE_URL to PostgreSQL itself, or REDIS_URL.', async () => {
      await refuseUnfitQueue(config.DATABASE_QUEUE_URL ?? config.DATABASE_URL);
      return ok('queue', 'in PostgreSQL; REDIS_URL is not set, and need not be');
    });
  const wayOut = 'Start the Redis that REDIS_URL names, or unset it: Souk works without.';
  return look('redis', wayOut, async () => {
    const { log } = createLoggers({ level: 'silent', process: 'cli', to: process.stderr });
    const redis = openRedis(url, log, 'commands');
    try {
      await new Promise<void>((resolve, reject) => {
        redis.once('ready', resolve).once('error', reject);
      });
      return redisFinding(await redis.info());
    } finally {
      redis.disconnect();
    }
  });
}

function redisFinding(info: string): Finding {
  const said = (name: string) => new RegExp(`^${name}:(.*)$`, 'm').exec(info)?.[1]?.trim() ?? '';
  const version = `Redis ${said('redis_version')}`;
  if (Number.parseFloat(said('redis_version')) < 6.2)
    return fault('redis', `${version} is too old for the queue.`, 'Redis 6.2 is the oldest that works.');
  const policy = said('maxmemory_policy');
  if (policy !== 'noeviction' && said('maxmemory') !== '0')
    return warning(
      'redis',
      `${version} throws keys away when it is full (${policy}).`,
      'Set maxmemory-policy noeviction.',
    );
  return ok('redis', `${version}, maxmemory-policy ${policy}`);
}

function fileFindings(config: WorkerConfig): Promise<Finding[]> {
  const place = config.S3_BUCKET === undefined ? `the folder ${config.FILES_DIR}` : `the bucket ${config.S3_BUCKET}`;
  const wayOut =
    config.S3_BUCKET === undefined
      ? 'Give the user of the processes write access to FILES_DIR, which all of them share.'
      : 'Look at S3_ENDPOINT, S3_REGION and the access key: it needs to put, get and delete objects.';
  return look('files', wayOut, async () => {
    const { store } = await openFiles(config);
    const key = `doctor/trial/${randomBytes(8).toString('hex')}`;
    const trial = async function* () {
      yield Buffer.from('trial');
    };
    await store.put(key, trial(), { contentType: 'text/plain', sizeMax: 100 });
    const size = await store.sizeOf(key);
    await store.delete([key]);
    return size === 5
      ? ok('files', `${place} can be written`)
      : fault('files', `${place} loses what is written.`, wayOut);
  });
}

async function mailFindings({ SMTP_URL: url }: WorkerConfig): Promise<Finding[]> {
  if (url === undefined)
    return [warning('mail', 'SMTP_URL is not set, so mails wait in the database.', 'Set it for the worker.')];
  return look('mail', 'Look at SMTP_URL: host, port, and whether the mail server lets this machine in.', async () => {
    const { protocol, hostname, port } = new URL(url);
    const at = {
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? (SMTP_PORTS[protocol] ?? 25) : Number(port),
    };
    const greeting = await firstLine(
      protocol === 'smtps:' ? connectTls({ ...at, servername: hostname }) : connectPlain(at),
    );
    if (!greeting.startsWith('220')) throw new Error(`It said "${greeting.slice(0, 80)}" instead of a greeting`);
    return ok('mail', `${hostname}:${at.port} greets`);
  });
}

function firstLine(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.setTimeout(WAIT_MS, () => socket.destroy(new Error('The mail server is silent')));
    socket.once('data', (piece: Buffer) => {
      resolve(piece.toString('latin1').split('\r\n')[0] ?? '');
      socket.destroy();
    });
    socket.once('error', reject).once('close', () => reject(new Error('The mail server hung up')));
  });
}

/** Any answer will do: nobody is asked for anything. */
async function gatewayFindings({ PAYSTACK_URL: url }: WorkerConfig): Promise<Finding[]> {
  const answered = await asked(url);
  return [
    typeof answered === 'number'
      ? ok('paystack', `${url} answers`)
      : warning(
          'paystack',
          `${url} does not answer (${answered}).`,
          'Payments wait until it does. Look at PAYSTACK_URL and at the way out to the internet.',
        ),
  ];
}

async function apiFindings(name: string, url: string): Promise<Finding[]> {
  const answered = await asked(`${url}/readyz`);
  if (answered === 200) return [ok(name, `${url} is ready`)];
  if (answered === 503) return [fault(name, `${url} runs and is not ready.`, 'Its log says what it misses.')];
  return [
    warning(
      name,
      `${url} is not seen from here (${answered}).`,
      'Is it running, and is the address right as seen from this machine?',
    ),
  ];
}

/** The status, or why there is none. */
async function asked(url: string): Promise<number | string> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(WAIT_MS), redirect: 'manual' });
    await answer.body?.cancel();
    return answer.status;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return cause instanceof Error ? ('code' in cause ? String(cause.code) : cause.message) : String(cause);
  }
}
