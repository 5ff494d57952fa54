import 'reflect-metadata';
import { readStorefrontConfig } from '@souk/platform/config';
import { startProcess } from '@souk/platform/process-start';
import { serveApi } from '@souk/platform/serve-api';
import { CrashPoints } from '@souk/platform/testing/crash-points';
import { controllers } from '../app.module.ts';

/** The storefront API as it is, and the points at which tests end it. */
startProcess(() => {
  const config = readStorefrontConfig();
  const points = CrashPoints.ofEnvironment();
  return serveApi({
    name: 'storefront',
    controllers,
    config,
    port: config.STOREFRONT_PORT,
    portSetting: 'STOREFRONT_PORT',
    wrap: (parts) => ({
      ...parts,
      database: points.database(parts.database),
      gateways: points.gateways(parts.gateways),
    }),
  });
});
