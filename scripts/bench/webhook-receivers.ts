import http from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';

/**
 * Four merchants' servers that take everything, in one process. Prints the address of a fifth that tells of them: `/` gives
 * where they listen and what came since it was asked for `/reset`, with the milliseconds from the time in each body.
 */
const RECEIVERS = 4;

let count = 0;
let firstAt = 0;
let lastAt = 0;
let latencies: number[] = [];

const merchant = http.createServer((request, response) => {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => {
    response.end('ok');
    lastAt = Date.now();
    firstAt ||= lastAt;
    count += 1;
    const { timestamp } = JSON.parse(Buffer.concat(pieces).toString()) as { timestamp?: string };
    if (timestamp !== undefined) latencies.push(lastAt - Date.parse(timestamp));
  });
});
const listening = (server: http.Server) =>
  new Promise<string>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
const urls: string[] = [];
for (let at = 0; at < RECEIVERS; at++) {
  const [handle] = merchant.listeners('request');
  urls.push(await listening(http.createServer(handle as http.RequestListener)));
}
const teller = http.createServer((request, response) => {
  if (request.url === '/reset') {
    [count, firstAt, lastAt, latencies] = [0, 0, 0, []];
  }
  response.end(JSON.stringify({ urls, count, ms: lastAt - firstAt, latencies }));
});
process.stdout.write(`${await listening(teller)}\n`);
process.on('SIGTERM', () => process.exit(0));
