import { createHmac, randomBytes } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import postgres from 'postgres';

/**
 * The least a delivery costs: a transaction that takes it, a signed POST over a connection that is kept, a transaction that
 * writes down how it went. Arguments: the database, then the receivers, two lanes for each. Prints an address; a request to
 * it delivers `count` of them to each receiver, and answers how many that were a second.
 */
const LANES = 2;
const [databaseUrl = '', ...urls] = process.argv.slice(2);
const sql = postgres(databaseUrl, { max: urls.length * LANES, fetch_types: false, onnotice: () => undefined });
const key = randomBytes(32);
const agent = new http.Agent({ keepAlive: true });
await sql.unsafe(`
  create schema if not exists bare;
  create table if not exists bare.deliveries (id bigint generated always as identity primary key, endpoint int not null,
    status text not null default 'pending', attempts int not null default 0, due_at timestamptz not null default now(),
    data jsonb not null);
  create index if not exists bare_due on bare.deliveries (endpoint, due_at) where status = 'pending';
  create table if not exists bare.attempts (id bigint generated always as identity primary key, delivery bigint not null,
    status int not null, duration_ms int not null, at timestamptz not null default now())`);

async function fill(count: number): Promise<void> {
  for (const endpoint of urls.keys()) {
    await sql`insert into bare.deliveries (endpoint, data) select ${endpoint}, jsonb_build_object('order', repeat('x', 600))
      from generate_series(1, ${count}::int)`;
  }
}

async function lane(endpoint: number): Promise<void> {
  for (;;) {
    const [row] = await sql.begin(
      (tx) => tx<{ id: string; data: unknown }[]>`update bare.deliveries set attempts = attempts + 1,
        due_at = now() + interval '15 s' where id = (select id from bare.deliveries
          where endpoint = ${endpoint} and status = 'pending' and due_at <= now() order by due_at limit 1
          for update skip locked) returning id, data`,
    );
    if (!row) return;
    const begun = Date.now();
    const status = await post(urls[endpoint] ?? '', row.id, JSON.stringify(row));
    await sql.begin(async (tx) => {
      await tx`update bare.deliveries set status = 'succeeded' where id = ${row.id}`;
      await tx`insert into bare.attempts (delivery, status, duration_ms) values (${row.id}, ${status}, ${Date.now() - begun})`;
    });
  }
}

function post(url: string, id: string, body: string): Promise<number> {
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return new Promise((resolve, reject) => {
    const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
    const request = http.request(url, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
    });
    request.once('error', reject);
    request.end(body);
  });
}

const server = http.createServer((request, response) => {
  const count = Number(new URL(request.url ?? '', 'http://bare').searchParams.get('count'));
  void (async () => {
    await fill(count);
    const begun = performance.now();
    await Promise.all([...urls.keys()].flatMap((endpoint) => Array.from({ length: LANES }, () => lane(endpoint))));
    response.end(String((count * urls.length * 1_000) / (performance.now() - begun)));
  })();
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
process.on('SIGTERM', () => process.exit(0));
