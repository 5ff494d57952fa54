import 'reflect-metadata';
import { setFlagsFromString } from 'node:v8';
import { readWorkerConfig } from '@souk/platform/config';
import { createLoggers, type Loggers } from '@souk/platform/logger';
import { startProcess } from '@souk/platform/process-start';
import { type RunningWorker, startWorker } from './worker.ts';

const STOP_MS = 25_000;

// V8 lets a heap grow to several times of what lives in it before it looks for garbage. An import makes much of that: with
// this a worker that imports 100,000 variants stays below 300 MB; with 150 it did not.
setFlagsFromString('--heap-growing-percent=100');

startProcess(async () => {
  const config = readWorkerConfig();
  const loggers = createLoggers({ level: config.LOG_LEVEL, process: 'worker' });
  try {
    const worker = await startWorker(config, loggers);
    stopOnSignal(worker, loggers);
    loggers.log.info(
      { metrics: worker.opsPort, queue: config.REDIS_URL ? 'redis' : 'postgres' },
      'the worker is ready',
    );
  } catch (error) {
    loggers.log.fatal({ err: error }, error instanceof Error ? error.message : String(error));
    process.exit(1);
  }
});

function stopOnSignal(worker: RunningWorker, { log }: Loggers): void {
  const stopped = (signal: string) => {
    log.info({ signal }, 'stopping: what is running may end');
    setTimeout(() => process.exit(1), STOP_MS).unref();
    worker.stop().then(
      () => {
        log.info('stopped');
        process.exit(0);
      },
      (error: unknown) => {
        log.error({ err: error }, 'stopping failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stopped);
  process.on('SIGINT', stopped);
}
