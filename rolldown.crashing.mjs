import path from 'node:path';
import { appConfig } from './rolldown.shared.mjs';

const here = import.meta.dirname;
const main = (app) => path.join(here, 'apps', app, process.env.CRASHING_MAIN ?? 'src/testing/crashing-main.ts');
const config = appConfig({ storefront: main('storefront-api'), admin: main('admin-api'), worker: main('worker') });

/** The processes that tests kill, built into the folder that `CRASHING_DIR` names. */
export default {
  ...config,
  tsconfig: path.join(here, 'tsconfig.base.json'),
  output: { ...config.output, dir: process.env.CRASHING_DIR },
};
