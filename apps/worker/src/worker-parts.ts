import { guardedHttp } from '@souk/adapters/guarded-http';
import { remotePictures } from '@souk/adapters/remote-pictures';
import { sharpPictures } from '@souk/adapters/sharp-pictures';
import { smtpMailer } from '@souk/adapters/smtp-mailer';
import type { FileWorkPorts } from '@souk/domain/catalog/files/file-work.flow';
import { type Database, openDatabase, refuseUnsafeRole } from '@souk/domain/kernel/database';
import { useMasterKeys } from '@souk/domain/kernel/sealing';
import type { Mailer } from '@souk/domain/reach/notifications/mailer';
import { SENT_AT_ONCE } from '@souk/domain/reach/notifications/notifications.flow';
import type { WebhookSender } from '@souk/domain/reach/webhooks/webhook-sender';
import type { Gateways } from '@souk/domain/sales/payments/gateway';
import type { WorkerConfig } from '@souk/platform/config';
import { type Files, openFiles } from '@souk/platform/files';
import { openGateways } from '@souk/platform/gateways';
import type { Loggers } from '@souk/platform/logger';
import { hearNudges } from '@souk/platform/queue-nudge';
import { openRedis } from '@souk/platform/redis';
import { refuseUnfitDatabase } from '@souk/platform/startup-check';
import { guardOf, openWebhookSender } from '@souk/platform/webhook-sender';
import { COMPANIES_AT_ONCE } from './notifications.processor.ts';

const POOL_SIZE = 8;
const RELAY_POOL_SIZE = 2;

/** What a worker is made of, besides its loops and its queues. */
export interface WorkerParts {
  readonly config: WorkerConfig;
  readonly loggers: Loggers;
  readonly app: Database;
  /** As the relay role: sees in which companies something waits. */
  readonly relay: Database;
  readonly files: Files;
  /** What makes pictures of files. */
  readonly pictures: Omit<FileWorkPorts, 'store'>;
  readonly gateways: Gateways;
  readonly webhookSender: WebhookSender;
  /** Undefined: no mail server is set, and mails wait. */
  readonly mailer: Mailer | undefined;
  /** Whom to call when something was announced, here or in another process. Set once. */
  nudged: () => void;
  close(): Promise<void>;
}

/** Opens everything. Throws if a database role could walk through the walls or migrations are missing; Redis may come later. */
export async function openWorkerParts(config: WorkerConfig, loggers: Loggers): Promise<WorkerParts> {
  const { log } = loggers;
  useMasterKeys(config.MASTER_KEYS);
  const mailer =
    config.SMTP_URL === undefined
      ? undefined
      : smtpMailer({ url: config.SMTP_URL, from: config.MAIL_FROM, connections: COMPANIES_AT_ONCE * SENT_AT_ONCE });
  if (!mailer) log.warn('SMTP_URL is not set: mails wait in the database until it is');
  const files = await openFiles(config);
  const remote = remotePictures(guardedHttp(guardOf(config)));
  const pictures = { remote, typeOf: files.typeOf, maker: sharpPictures() };
  const prepare = config.DATABASE_PREPARE;
  const app = openDatabase({
    refuseNesting: config.NODE_ENV !== 'production',
    url: config.DATABASE_URL,
    size: config.DATABASE_POOL_SIZE ?? POOL_SIZE,
    prepare,
    applicationName: 'souk-worker',
    onCommitted: ({ nudged }) => (nudged ? parts.nudged() : undefined),
  });
  const relay = openDatabase({
    url: config.DATABASE_RELAY_URL,
    size: RELAY_POOL_SIZE,
    prepare,
    applicationName: 'souk-relay',
  });
  const subscriber = config.REDIS_URL ? openRedis(config.REDIS_URL, log, 'subscriber') : undefined;
  const close = async () => {
    subscriber?.disconnect();
    mailer?.close();
    await Promise.all([app.close(), relay.close()]);
  };
  const gateways = openGateways(config);
  const webhookSender = openWebhookSender(config);
  const nudged = () => undefined;
  const parts: WorkerParts = {
    config,
    loggers,
    app,
    relay,
    files,
    pictures,
    gateways,
    webhookSender,
    mailer,
    nudged,
    close,
  };
  try {
    await refuseUnfitDatabase(app.unscoped);
    await refuseUnsafeRole(relay.unscoped);
  } catch (error) {
    await close();
    throw error;
  }
  if (subscriber) hearNudges(subscriber, () => parts.nudged(), log);
  return parts;
}
