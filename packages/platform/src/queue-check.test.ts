import net from 'node:net';
import { useDatabase } from '@souk/domain/testing/database';
import { expect, onTestFinished, test } from 'vitest';
import { QueueUnfit, refuseUnfitQueue } from './queue-check.ts';

const db = useDatabase();

/** Stands before PostgreSQL; `change` may change what a client sends first, or answer it instead. */
async function poolerThat(change: (startup: Buffer, client: net.Socket) => Buffer | undefined): Promise<string> {
  const url = new URL(db.urls.app);
  const [host, port] = [url.hostname, Number(url.port)];
  const server = net.createServer((client) => {
    client.on('error', () => undefined);
    client.once('data', (startup) => {
      const changed = change(startup, client);
      if (!changed) return;
      const upstream = net.connect(port, host);
      upstream.on('error', () => client.destroy());
      upstream.write(changed);
      client.pipe(upstream).pipe(client);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as net.AddressInfo).port); // listening on TCP, so it has one
  return url.href;
}

test('PostgreSQL itself is fit', async () => {
  await expect(refuseUnfitQueue(db.urls.app)).resolves.toBeUndefined();
});

test('a pooler that refuses the settings of a connection is named, with the setting that leads past it', async () => {
  const url = await poolerThat((_startup, client) => {
    // PostgreSQL's protocol, ErrorResponse: type, length, then fields that end with a zero byte. PgBouncer's own words.
    const fields = 'SFATAL\0C08P01\0Munsupported startup parameter: options\0\0';
    const answer = Buffer.alloc(5 + fields.length);
    answer.write('E');
    answer.writeInt32BE(4 + fields.length, 1);
    answer.write(fields, 5);
    client.end(answer);
    return undefined;
  });
  const refused = refuseUnfitQueue(url);
  await expect(refused).rejects.toBeInstanceOf(QueueUnfit);
  await expect(refused).rejects.toThrow(/unsupported startup parameter: options.*Set DATABASE_QUEUE_URL/s);
});

test('a pooler that drops the settings of a connection is named', async () => {
  // Another name of the same length, for a setting that does nothing here.
  const url = await poolerThat((startup) =>
    Buffer.from(startup.toString('latin1').replace('search_path=queue', 'souk.unused=queue'), 'latin1'),
  );
  await expect(refuseUnfitQueue(url)).rejects.toThrow(/did not reach PostgreSQL.*DATABASE_QUEUE_URL/s);
});

test('a database that is not there is told with its cause', async () => {
  const url = new URL(db.urls.app);
  url.pathname = '/not_there';
  await expect(refuseUnfitQueue(url.href)).rejects.toThrow(/"not_there" does not exist.*DATABASE_QUEUE_URL/s);
});
