import 'reflect-metadata';
import { readAdminConfig } from '@souk/platform/config';
import { startProcess } from '@souk/platform/process-start';
import { serveApi } from '@souk/platform/serve-api';
import { controllers } from './app.module.ts';

startProcess(() => {
  const config = readAdminConfig();
  return serveApi({ name: 'admin', controllers, config, port: config.ADMIN_PORT, portSetting: 'ADMIN_PORT' });
});
