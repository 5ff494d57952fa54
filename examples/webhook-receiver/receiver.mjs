// A receiver of webhooks in plain Node: node receiver.mjs. Needs WEBHOOK_SECRET, the `whsec_…` of your endpoint.

import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

const SECRET = process.env.WEBHOOK_SECRET ?? '';
const PORT = Number(process.env.PORT ?? 3000);
const TOLERANCE_SECONDS = 5 * 60;
const BODY_BYTES_MAX = 1024 * 1024;

// With an empty key anybody could sign.
if (!/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/.test(SECRET)) {
  console.error('Set WEBHOOK_SECRET to the whsec_… that your endpoint was made with.');
  process.exit(1);
}

/** Throws if the bytes were not signed with our secret, or too long ago. */
function verify(headers, body) {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures = '' } = headers;
  const age = Math.abs(Date.now() / 1000 - Number(timestamp));
  if (!(age <= TOLERANCE_SECONDS)) throw new Error('too old, or a clock is wrong');
  const key = Buffer.from(SECRET.replace(/^whsec_/, ''), 'base64');
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
  // Several, with spaces between them, while a secret is rotated: one that fits is enough.
  const given = signatures.split(' ').map((one) => Buffer.from(one.replace(/^v1,/, ''), 'base64'));
  if (!given.some((one) => one.length === expected.length && timingSafeEqual(one, expected)))
    throw new Error('not signed with our secret');
}

// Both belong into your database: the ids in the transaction that does the work, so that a crash in between does it again.
const seen = new Set();
const newest = new Map();

/** The id of what an event is about: the first resource in `data`. */
const subjectOf = (event) => Object.values(event.data)[0]?.id;

function handle(event) {
  if (event.test) return console.log(`a test: ${event.type}`);
  if (seen.has(event.id)) return console.log(`again, known: ${event.id}`);
  seen.add(event.id);
  const subject = subjectOf(event);
  if (event.sequence < (newest.get(subject) ?? 0)) return console.log(`older than what we have: ${event.id}`);
  newest.set(subject, event.sequence);
  console.log(`${event.type} ${subject} ${event.sequence}`);
}

async function rawBody(request) {
  const pieces = [];
  let bytes = 0;
  for await (const piece of request) {
    bytes += piece.length;
    if (bytes > BODY_BYTES_MAX) throw new Error('too large');
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

const server = createServer(async (request, response) => {
  let event;
  try {
    const body = await rawBody(request);
    verify(request.headers, body); // over the bytes as they came: parsed and written again they may differ
    event = JSON.parse(body);
  } catch (error) {
    response.writeHead(400).end(`${error.message}\n`);
    return;
  }
  try {
    handle(event); // note it and do the long work later: the answer has to come within 15 seconds
    response.writeHead(204).end();
  } catch (error) {
    console.error(error);
    response.writeHead(500).end(); // it comes again
  }
});

server.listen(PORT, () => console.log(`listening on http://localhost:${server.address().port}`));
