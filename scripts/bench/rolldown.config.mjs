import path from 'node:path';
import { appConfig } from '../../rolldown.shared.mjs';

const here = import.meta.dirname;
const config = appConfig({
  main: path.join(here, 'main.ts'),
  'bare-server': path.join(here, 'bare-server.ts'),
  'bare-catalogue': path.join(here, 'bare-catalogue.ts'),
  'bare-selling': path.join(here, 'bare-selling.ts'),
  'bare-webhooks': path.join(here, 'bare-webhooks.ts'),
  'webhook-receivers': path.join(here, 'webhook-receivers.ts'),
});

// Built from the root, so what the apps name relative to their own folder is named in full here.
export default {
  ...config,
  tsconfig: path.join(here, '../../tsconfig.base.json'),
  output: { ...config.output, dir: path.join(here, 'dist') },
};
