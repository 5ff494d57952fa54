import 'reflect-metadata';
import { readAdminConfig } from '@souk/platform/config';
import { startProcess } from '@souk/platform/process-start';
import { serveApi } from '@souk/platform/serve-api';
import { CrashPoints } from '@souk/platform/testing/crash-points';
import { controllers } from '../app.module.ts';

/** The admin API as it is, and the points at which tests end it. */
startProcess(() => {
  const config = readAdminConfig();
  const points = CrashPoints.ofEnvironment();
  return serveApi({
    name: 'admin',
    controllers,
    config,
    port: config.ADMIN_PORT,
    portSetting: 'ADMIN_PORT',
    wrap: (parts) => ({
      ...parts,
      database: points.database(parts.database),
      gateways: points.gateways(parts.gateways),
    }),
  });
});
