// The apps as npm start and db:prepare run them. Only these scripts know how the processes are called and configured.

import { join } from 'node:path';
import { bin, root, toolEnvironment } from './checkout.mjs';

const entry = (app) => join(root, 'apps', app, 'dist', 'main.js');

/** Builds every app and package that has a build. */
export const buildSpec = () => ({
  name: 'build',
  command: join(bin, 'turbo'),
  args: ['run', 'build', '--output-logs=errors-only'],
  cwd: root,
  env: toolEnvironment(),
  quiet: true,
});

/** The souk command, as something to run to its end. */
export const soukSpec = (args, env) => ({
  name: `souk ${args.join(' ')}`,
  command: process.execPath,
  args: ['--enable-source-maps', entry('cli'), ...args],
  cwd: root,
  env: toolEnvironment({ NODE_ENV: 'development', ...env }),
  quiet: true,
});

/** The three processes that stay, in the order of their start. */
export function processSpecs(env, ports) {
  // Least privilege here too: only the command migrates, and only the worker looks across companies.
  const { DATABASE_MIGRATE_URL: _migrate, DATABASE_RELAY_URL: relay, ...shared } = env;
  const app = (name, folder, colour, metricsPort, more = {}) => ({
    name,
    colour,
    command: process.execPath,
    args: ['--enable-source-maps', entry(folder)],
    cwd: root,
    env: toolEnvironment({
      NODE_ENV: 'development',
      // Whoever tries Souk listens for webhooks on this very machine.
      FETCH_ALLOW_LOOPBACK: 'true',
      ...shared,
      ...more,
      METRICS_PORT: String(metricsPort),
    }),
  });
  return [
    { spec: app('admin', 'admin-api', 'cyan', ports.adminMetrics), ready: readyz(ports.admin) },
    { spec: app('storefront', 'storefront-api', 'magenta', ports.storefrontMetrics), ready: readyz(ports.storefront) },
    {
      spec: app('worker', 'worker', 'yellow', ports.workerMetrics, { DATABASE_RELAY_URL: relay }),
      ready: readyz(ports.workerMetrics),
    },
  ];
}

const readyz = (port) => `http://127.0.0.1:${port}/readyz`;
