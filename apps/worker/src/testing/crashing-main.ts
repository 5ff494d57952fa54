import 'reflect-metadata';
import { useCheckPace } from '@souk/domain/sales/payments/check-schedule';
import { readWorkerConfig } from '@souk/platform/config';
import { createLoggers } from '@souk/platform/logger';
import { startProcess } from '@souk/platform/process-start';
import { CrashPoints } from '@souk/platform/testing/crash-points';
import { startWorker } from '../worker.ts';

/** The schedule of payment checks runs so much faster: a minute is six tenths of a second. */
const PACE = 0.01;

/** The worker as it is, its payment checks hurried, and the points at which tests end it. */
startProcess(async () => {
  const config = readWorkerConfig();
  const loggers = createLoggers({ level: config.LOG_LEVEL, process: 'worker' });
  useCheckPace(PACE);
  const points = CrashPoints.ofEnvironment();
  const worker = await startWorker(config, loggers, (parts) =>
    // The same object: others hold it already, to say that something was announced.
    Object.assign(parts, { app: points.database(parts.app), gateways: points.gateways(parts.gateways) }),
  );
  loggers.log.info({ metrics: worker.opsPort }, 'the worker is ready');
  process.on('SIGTERM', () => void worker.stop().then(() => process.exit(0)));
});
