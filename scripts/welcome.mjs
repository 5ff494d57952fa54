// What npm start says when everything runs: where to go, who to be, and a first call that works.

import { bold, quiet } from './steps.mjs';

/**
 * @param {object} running
 * @param {{ admin: number, storefront: number, adminMetrics: number, storefrontMetrics: number, workerMetrics: number }} running.ports
 * @param {{ found: boolean, source?: string }} running.redis
 * @param {{ pageUrl?: string }} running.mail
 * @param {{ url: string, isSimulator: boolean }} running.payments
 * @param {{ source: string }} running.database
 * @param {{ name: string, handle: string, owner: { email: string, password?: string }, apiKey?: string }[]} running.companies
 */
export function welcome({ ports, redis, mail, payments, database, companies }) {
  const admin = `http://localhost:${ports.admin}`;
  const storefront = `http://localhost:${ports.storefront}`;
  const metrics = [ports.adminMetrics, ports.storefrontMetrics, ports.workerMetrics];
  const known = companies.filter(({ apiKey }) => apiKey !== undefined);
  return [
    '',
    bold('Souk is running'),
    ...table([
      ['Admin API', admin, `reference: ${admin}/docs`],
      ['Storefront API', storefront, `reference: ${storefront}/docs`],
      ['Mailbox', mail.pageUrl ?? 'SMTP_URL', mail.pageUrl ? 'every mail lands here' : ''],
      ['Paystack', payments.url, payments.isSimulator ? `simulated, no money moves: ${payments.url}/control` : ''],
      ['Metrics', metrics.map((port) => `http://localhost:${port}/metrics`).join('  '), ''],
      ['Database', database.source, ''],
      ['Queue', redis.found ? redis.source : 'PostgreSQL (no Redis found, none needed)', ''],
    ]),
    ...companies.flatMap((company) => [
      '',
      `${bold(company.name)}`,
      ...table([
        ['Company', company.handle, ''],
        ['Log in as', company.owner.email, `password: ${company.owner.password ?? 'made earlier, not known here'}`],
        ['API key', company.apiKey ?? 'made earlier, not known here', ''],
      ]),
    ]),
    '',
    ...(known.length > 0 ? tries(known[0], { admin, storefront }) : LOST),
    '',
    quiet('Ctrl-C stops everything and keeps the data. npm run reset starts over.'),
    '',
  ].join('\n');
}

/** Two walks through the front door: as a shop's page, and as somebody who works there. */
function tries({ handle, owner, apiKey }, { admin, storefront }) {
  const login = JSON.stringify({ company: handle, email: owner.email, password: owner.password });
  return [
    'Try it:',
    `  curl -H 'X-Api-Key: ${apiKey}' ${storefront}/v1/store`,
    `  curl -H 'X-Api-Key: ${apiKey}' '${storefront}/v1/products?limit=3'`,
    `  curl -H 'Content-Type: application/json' -d '${login}' ${admin}/v1/auth/login`,
    `  then: curl -H 'Authorization: Bearer <accessToken>' ${admin}/v1/me`,
    '  npm run souk -- listen --print     events as they happen; npm run souk -- doctor looks at everything',
  ];
}

const LOST = [
  'The demo companies were made earlier, and the file of this folder with their passwords and keys is gone. Everything',
  'else works. For new ones: drop that database, DATABASE_ADMIN_URL=… npm run db:prepare, npm start.',
];

function table(rows) {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value, note]) => `  ${name.padEnd(width)}  ${value}${note ? `   ${quiet(note)}` : ''}`);
}
