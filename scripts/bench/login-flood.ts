import type autocannon from 'autocannon';
import type { Deployment } from './deployment.ts';
import { load } from './http-load.ts';
import { median, type Outcome } from './rounds.ts';

const ROUNDS = 3;
const SECONDS = 5;
const SHOPPERS = 8;
const SHOP_RATE = 200;
const LOGIN_RATE = 300;
const LOGIN_CONNECTIONS = 50;
const SLACK_MS = 25;

/** The slowest percent of `/v1/store` while 300 logins a second arrive at the admin API, against the same when quiet. */
export async function benchLoginFlood(deployment: Deployment): Promise<Outcome> {
  const quiet: number[] = [];
  const flooded: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    quiet.push(await shop(deployment));
    const flood = load(`${deployment.adminUrl}/v1/auth/login`, {
      connections: LOGIN_CONNECTIONS,
      overallRate: LOGIN_RATE,
      seconds: SECONDS + 1,
      requests: [{ setupRequest: guess }],
    });
    flooded.push(await shop(deployment));
    await flood;
  }
  const [ours, bare] = [median(flooded), median(quiet)];
  return {
    name: 'p99 of /v1/store under a flood of logins, against its quiet p99',
    ours,
    bare,
    unit: 'ms',
    goal: Math.max(2, (bare + SLACK_MS) / bare),
    isLatency: true,
    note: `goal is at most max(2×, +${SLACK_MS} ms)`,
  };
}

let guesses = 0;

// Another account from another address each time, so that no throttle answers in the hash's place.
function guess(request: autocannon.Request): autocannon.Request {
  guesses += 1;
  const address = `10.${(guesses >> 16) & 255}.${(guesses >> 8) & 255}.${guesses & 255}`;
  return {
    ...request,
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
    body: JSON.stringify({ company: `nobody-${guesses}`, email: 'guess@example.com', password: 'a wrong password' }),
  };
}

async function shop({ storefrontUrl, company }: Deployment): Promise<number> {
  const { p99Ms, non2xx } = await load(`${storefrontUrl}/v1/store`, {
    connections: SHOPPERS,
    overallRate: SHOP_RATE,
    seconds: SECONDS,
    headers: { 'x-api-key': company.key },
  });
  if (non2xx > 0) throw new Error(`${non2xx} answers of /v1/store were not 2xx: the measurement is void`);
  return p99Ms;
}
