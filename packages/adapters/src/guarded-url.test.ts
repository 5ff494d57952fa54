import { createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { guardedHttp } from './guarded-http.ts';
import { AddressRefused } from './guarded-url.ts';
import type { Resolve } from './public-names.ts';
import { guardedWebhookSender } from './webhook-sender.ts';

/** `PORT` is where somebody listens, on every address of this machine. */
const THIS_MACHINE = `
127.0.0.1 127.0.0.2 127.255.255.254 127.1 127.0.1 0x7f.0.0.1 0x7f.1 0X7F.0.0.1 0x7f000001 0x7f.0x0.0x0.0x1 0177.0.0.1
0177.1 017700000001 00000177.0.0.1 2130706433 127.0.0.0x1 127.0x1 127.0.0.01 0.0.0.0 0 0x0 00 0.0 0000.0000.0000.0000
127.0.0.1. 127.1. 2130706433. １２７.０.０.１ ①②⑦.⓪.⓪.① 127。0。0。1 127．0．0．1 %31%32%37.0.0.1 127.0.0.%31 0%78%37f.1
localhost LOCALHOST LocalHost localhost. ⓛocalhost loc%61lhost shop.localhost a.b.localhost localhost.. 
[::1] [0:0:0:0:0:0:0:1] [0000:0000:0000:0000:0000:0000:0000:0001] [::0:1] [::] [::0] [::127.0.0.1] [::7f00:1]
[::ffff:127.0.0.1] [::FFFF:127.0.0.1] [::ffff:7f00:1] [0:0:0:0:0:ffff:127.0.0.1] [::ffff:0:127.0.0.1] [::ffff:0.0.0.0]
[64:ff9b::127.0.0.1] [64:ff9b:1::7f00:1] [2002:7f00:1::] [2002:7f00:0001::1] [::1%25lo] [::1%lo] [fe80::1%25eth0]
`;
const RANGES = `
0.0.0.1 0.255.255.255 10.0.0.0 10.0.0.1 10.255.255.255 012.0.0.1 0xa000001 167772161 100.64.0.1 100.100.100.200 100.127.255.255
168.63.129.16 169.254.0.1 169.254.169.254 169.254.169.253 169.254.43518 0xa9fea9fe 2852039166 0251.0376.0251.0376 172.16.0.1
172.31.255.255 192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1 192.168.255.255 0xc0a80001 198.18.0.1 198.19.255.255
198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.254 255.255.255.255 4294967295
[::ffff:10.0.0.1] [::ffff:a00:1] [::ffff:169.254.169.254] [::ffff:192.168.0.1] [64:ff9b::10.0.0.1] [64:ff9b::a9fe:a9fe]
[64:ff9b:1::1] [100::1] [2001::1] [2001:0:4136:e378:8000:63bf:3fff:fdd2] [2001:db8::1] [2002:a00:1::] [2002:c0a8:1::1]
[3fff::1] [5f00::1] [fc00::1] [fd00::1] [fd00:ec2::254] [fd20:ce::254] [fdff:ffff::1] [fe80::1] [febf::1] [fec0::1] [ff02::1]
[ff0e::1] metadata.google.internal instance-data redis db souk.local router.home.arpa METADATA.GOOGLE.INTERNAL
8.8.8.8. 0x08080808 010.8.8.8 134744072 8.8.2056 [8.8.8.8] 1.2.3.4.5.6 256.1.1.1
`;
const AS_IT_STANDS = [
  ...['ftp', 'sftp', 'file', 'gopher', 'ws', 'wss', 'dict', 'ldap', 'telnet', 'jar', 'http+unix'].map(
    (scheme) => `${scheme}://shop.example:PORT/`,
  ),
  ...['data:text/plain,hi', 'javascript:alert(1)', 'about:blank', 'blob:https://shop.example/1', 'unix:/run/a.sock'],
  ...[0, 1, 21, 22, 25, 81, 3306, 5432, 6379, 8081, 9200, 11211, 27017, 65535, 65536, 99999].map(
    (port) => `https://shop.example:${port}/`,
  ),
  'http://user@shop.example/',
  'http://user:word@shop.example/',
  'http://:word@shop.example/',
  'http://@shop.example/',
  'http://shop.example@127.0.0.1:PORT/',
  'http://shop.example:80@127.0.0.1:PORT/',
  'http://127.0.0.1:PORT@shop.example/',
  'http://127.0.0.1:PORT\\@shop.example/',
  'http://shop.example\\@127.0.0.1:PORT/',
  'http:\\\\127.0.0.1:PORT\\',
  'http:/127.0.0.1:PORT/',
  'http:127.0.0.1:PORT/',
  'http:///127.0.0.1:PORT/',
  'http:////shop.example/',
  '//127.0.0.1:PORT/',
  '127.0.0.1:PORT',
  '/127.0.0.1:PORT/',
  ' http://127.0.0.1:PORT/',
  '\thttp://127.0.0.1:PORT/',
  'ht\ntp://127.0.0.1:PORT/',
  'http://127.0.\n0.1:PORT/',
  'http://127.0.0.1\t:PORT/',
  'http://shop.example\r\nHost: inside/',
  'http://127.0.0.1:PORT#@shop.example/',
  'http://127.0.0.1:PORT?@shop.example/',
  'http://127.0.0.1:PORT/?8.8.8.8',
  'http://0x08080808/?8.8.8.8',
  'http://shop.example.:PORT/',
  'http://shop.example%00/',
  'http://shop.example%2f@127.0.0.1:PORT/',
  'http://shop .example/',
  'http://[::1/',
  'http://[]/',
  'http://',
  'https://?',
  'nonsense',
  '',
];
/** What name servers may say of a name: one closed address is enough, wherever it stands. */
const ANSWERS = [
  ['127.0.0.1'],
  ['10.1.2.3'],
  ['169.254.169.254'],
  ['0.0.0.0'],
  ['::1'],
  ['::'],
  ['::ffff:127.0.0.1'],
  ['fd00:ec2::254'],
  ['fe80::1%eth0'],
  ['64:ff9b::7f00:1'],
  ['93.184.216.34', '127.0.0.1'],
  ['127.0.0.1', '93.184.216.34'],
  ['2606:4700::1111', '::1'],
  ['2606:4700::1111', '93.184.216.34', '192.168.1.1'],
  ['93.184.216.34', '::ffff:10.0.0.1'],
];
const hosts = (text: string) => text.trim().split(/\s+/);
const spelled = [
  ...[...hosts(THIS_MACHINE), ...hosts(RANGES)].flatMap((host) => [`http://${host}:PORT/`, `https://${host}:PORT/x`]),
  ...AS_IT_STANDS,
];

let listener: Server;
let port = 0;
let connections = 0;

beforeAll(async () => {
  listener = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  // A port that is asked, or the port alone would be the reason.
  for (const one of [8_443, 8_080, 443, 80]) {
    const isFree = await new Promise<boolean>((done) => {
      listener.once('error', () => done(false));
      listener.listen({ port: one, host: '::', ipv6Only: false }, () => done(true));
    });
    if (!isFree) continue;
    port = one;
    return;
  }
});
afterAll(() => {
  listener.close();
});

const limits = { timeoutMs: 1_000, bytesMax: 10_000 };
const namesSay = (...rounds: string[][]): { resolve: Resolve; asked: () => number } => {
  let asked = 0;
  const resolve: Resolve = (_host, _options, done) => {
    const addresses = rounds[asked % rounds.length] ?? [];
    asked += 1;
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
  return { resolve, asked: () => asked };
};

test('the table holds what it should', () => {
  expect(new Set(spelled).size).toBe(spelled.length);
  expect(spelled.length).toBeGreaterThan(120);
});

test('every spelling is refused when it is given and when it is asked, without a look-up or a connection', async ({
  skip,
}) => {
  if (port === 0) return skip('The ports 80, 443, 8080 and 8443 are taken.');
  const names = namesSay(['127.0.0.1']);
  const http = guardedHttp({ resolve: names.resolve });
  for (const form of spelled) {
    const url = form.replaceAll('PORT', String(port));
    expect(await http.refusal(url), url).toMatch(/\.$/);
    for (const method of ['GET', 'POST'] as const)
      await expect(http.send({ ...limits, url, method }), url).rejects.toThrow(AddressRefused);
  }
  expect([names.asked(), connections]).toEqual([0, 0]);
});

test('the listener does hear what is let through', async ({ skip }) => {
  if (port === 0) return skip('The ports 80, 443, 8080 and 8443 are taken.');
  const before = connections;
  for (const host of ['127.0.0.1', '127.0.0.2', '[::1]', 'localhost', '[::ffff:127.0.0.1]']) {
    await guardedHttp({ allowLoopback: true })
      .send({ ...limits, url: `http://${host}:${port}/` })
      .catch(() => undefined);
  }
  expect(connections).toBeGreaterThanOrEqual(before + 4); // [::1] is missing on machines without IPv6
  connections = 0;
});

test('a name that leads inside by one of its addresses is refused when it is given and when it is asked', async ({
  skip,
}) => {
  if (port === 0) return skip('The ports 80, 443, 8080 and 8443 are taken.');
  for (const addresses of ANSWERS) {
    const http = guardedHttp({ resolve: namesSay(addresses).resolve });
    for (const url of [`http://shop.example:${port}/`, `https://shop.example:${port}/`]) {
      expect(await http.refusal(url), String(addresses)).toBe('The address is not on the public internet.');
      await expect(http.send({ ...limits, url, method: 'POST' }), String(addresses)).rejects.toThrow(AddressRefused);
    }
  }
  expect(connections).toBe(0);
});

test('a name that turned inside after it was given is refused when it is asked', async ({ skip }) => {
  if (port === 0) return skip('The ports 80, 443, 8080 and 8443 are taken.');
  for (const inside of ['127.0.0.1', '::1', '::ffff:127.0.0.1']) {
    const names = namesSay(['93.184.216.34'], [inside]);
    const http = guardedHttp({ resolve: names.resolve });
    const url = `http://turning.example:${port}/`;
    expect(await http.refusal(url)).toBeUndefined();
    await expect(http.send({ ...limits, url, method: 'POST' })).rejects.toThrow(AddressRefused);
    // One look-up for each: what was looked at is what would have been connected to.
    expect(names.asked()).toBe(2);
  }
  expect(connections).toBe(0);
});

test('a name that does not resolve, or not yet, may be given', async () => {
  const silent: Resolve = () => undefined;
  const missing: Resolve = (_host, _options, done) => done(new Error('ENOTFOUND'), []);
  expect(await guardedHttp({ resolve: missing }).refusal('https://soon.example/hooks')).toBeUndefined();
  expect(await guardedHttp({ resolve: silent }).refusal('https://soon.example/hooks')).toBeUndefined();
});

test('ordinary addresses may be given', async () => {
  const http = guardedHttp({ resolve: namesSay(['93.184.216.34', '2606:4700::1111']).resolve });
  for (const url of [
    'https://shop.example/hooks?a=b#c',
    'HTTPS://Shop.Example/hooks',
    'http://shop.example:8080/',
    'https://shop.example:443/',
    'https://bücher.example/',
    'https://xn--bcher-kva.example/',
    'https://8.8.8.8/',
    'https://[2606:4700::1111]/',
    'https://[2606:4700:0:0:0:0:0:1111]:8443/a b',
    'https://a.very.long.name-with-dashes.example/%2e%2e/x',
  ])
    expect(await http.refusal(url), url).toBeUndefined();
});

test('where Souk itself listens is never asked, though this machine may be', async () => {
  const own = guardedHttp({ allowLoopback: true, ownPorts: [4_000, 8_080] });
  for (const url of [
    'http://localhost:4000/v1/',
    'http://127.0.0.1:4000/',
    'http://[::1]:4000/',
    'http://a.localhost:8080/',
  ])
    expect(await own.refusal(url), url).toBe('This is the address of Souk itself.');
  expect(await own.refusal('http://localhost:4001/')).toBeUndefined();
  const named = guardedHttp({ allowLoopback: true, ownPorts: [8_080], resolve: namesSay(['127.0.0.1']).resolve });
  expect(await named.refusal('http://own.example:8080/')).toBe('The address is not on the public internet.');
  await expect(named.send({ ...limits, url: 'http://own.example:8080/' })).rejects.toThrow(AddressRefused);
  const address = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .find(({ internal }) => !internal)?.address;
  if (address === undefined) return;
  const reached = guardedHttp({ ownPorts: [8_080], resolve: namesSay([address]).resolve });
  expect(await reached.refusal('http://own.example:8080/')).toBe('The address is not on the public internet.');
});

test('webhooks go out over TLS, but for this machine in development', async () => {
  const { resolve } = namesSay(['93.184.216.34']);
  const strict = guardedWebhookSender({ resolve });
  expect(await strict.refusal('http://shop.example/hooks')).toContain('https://');
  expect(await strict.refusal('https://shop.example/hooks')).toBeUndefined();
  await expect(strict.send({ url: 'http://shop.example/hooks', headers: {}, body: '{}' })).rejects.toThrow('https://');
  const local = guardedWebhookSender({ resolve, allowLoopback: true });
  for (const host of ['localhost:3000', 'shop.localhost:3000', '127.0.0.1:9', '[::1]:9'])
    expect(await local.refusal(`http://${host}/hooks`), host).toBeUndefined();
  expect(await local.refusal('http://shop.example/hooks')).toContain('https://');
  expect(await local.refusal('http://localhost.shop.example/hooks')).toContain('https://');
});
