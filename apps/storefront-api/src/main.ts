import 'reflect-metadata';
import { readStorefrontConfig } from '@souk/platform/config';
import { startProcess } from '@souk/platform/process-start';
import { serveApi } from '@souk/platform/serve-api';
import { controllers } from './app.module.ts';

startProcess(() => {
  const config = readStorefrontConfig();
  return serveApi({
    name: 'storefront',
    controllers,
    config,
    port: config.STOREFRONT_PORT,
    portSetting: 'STOREFRONT_PORT',
  });
});
