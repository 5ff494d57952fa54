// What npm start says when everything runs: where to go, who to be, and a first call that works.

import { bold, quiet } from './steps.mjs';

/**
 * @param {object} running
 * @param {{ admin: number, storefront: number, adminMetrics: number, storefrontMetrics: number, workerMetrics: number }} running.ports
 * @param {{ found: boolean, source?: string }} running.redis
 * @param {{ pageUrl?: string }} running.mail
 * @param {{ source: string }} running.database
 * @param {{ name: string, handle: string, owner: { email: string, password: string }, apiKey: string }[]} running.companies
 */
export function welcome({ ports, redis, mail, database, companies }) {
  const admin = `http://localhost:${ports.admin}`;
  const storefront = `http://localhost:${ports.storefront}`;
  const metrics = [ports.adminMetrics, ports.storefrontMetrics, ports.workerMetrics];
  const [first] = companies;
  return [
    '',
    bold('Souk is running'),
    ...table([
      ['Admin API', admin, `reference: ${admin}/docs`],
      ['Storefront API', storefront, `reference: ${storefront}/docs`],
      ['Mailbox', mail.pageUrl ?? 'SMTP_URL', mail.pageUrl ? 'every mail lands here' : ''],
      ['Metrics', metrics.map((port) => `http://localhost:${port}/metrics`).join('  '), ''],
      ['Database', database.source, ''],
      ['Queue', redis.found ? redis.source : 'PostgreSQL (no Redis found, none needed)', ''],
    ]),
    ...companies.flatMap((company) => [
      '',
      `${bold(company.name)}`,
      ...table([
        ['Company', company.handle, ''],
        ['Log in as', company.owner.email, `password: ${company.owner.password}`],
        ['API key', company.apiKey, ''],
      ]),
    ]),
    '',
    'Try it:',
    `  curl -H 'X-Api-Key: ${first.apiKey}' ${storefront}/v1/store`,
    '',
    quiet('Ctrl-C stops everything and keeps the data. npm run reset starts over.'),
    '',
  ].join('\n');
}

function table(rows) {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value, note]) => `  ${name.padEnd(width)}  ${value}${note ? `   ${quiet(note)}` : ''}`);
}
