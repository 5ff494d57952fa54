import { beforeEach, expect, test } from 'vitest';
import { lookingOnly, type Session } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { memoryStore } from '../../testing/memory-store.ts';
import { givenShop, warmUp } from '../../testing/people.ts';
import { useFileSettings } from './file-settings.ts';
import { type FileWorkPorts, fileWorkSession, workOnFiles } from './file-work.flow.ts';
import { companiesWithDueFiles, takeDueFiles } from './file-work.service.ts';
import { getFile } from './files.service.ts';
import { PictureSlow, PictureUnreadable } from './image-ports.ts';
import { sweepOrphans } from './orphans.flow.ts';
import { RemoteFailed, RemoteRefused } from './remote-fetch.ts';
import { rememberRemoteImages } from './remote-images.service.ts';
import { beginUpload, keepPicture, removeFile, storePicture } from './uploads.flow.ts';
import { usageOf } from './usage.service.ts';

const db = useDatabase();
let store = memoryStore();
let fetched: string[] = [];
let ports: FileWorkPorts;

const typeOf = async (head: Uint8Array) => /^image\/[a-z]+/.exec(Buffer.from(head).toString())?.[0];
const picture = (text: string, size = 100) => Buffer.from(`image/png ${text}`.padEnd(size, '.'));
async function* bytes(of: Buffer) {
  yield of;
}

beforeEach(() => {
  store = memoryStore();
  fetched = [];
  useFileSettings({ address: 'https://shop.test/files', quotaBytes: 1_000_000, imageBytesMax: 5_000 });
  ports = {
    store,
    typeOf,
    remote: {
      fetch: async (address) => {
        fetched.push(address);
        return { content: bytes(picture(address)) };
      },
    },
    maker: {
      develop: async (open, { widthsFor }, keep) => {
        await open();
        for (const width of widthsFor(400)) {
          for (const format of ['webp', 'avif'] as const)
            await keep({ width, height: width / 2, format, bytes: Buffer.from(`${format} ${width}`) });
        }
        return { width: 400, height: 200 };
      },
    },
  };
});

const given = async () => {
  const shop = await givenShop(db);
  return { shop, session: await shop.as(await shop.hire('owner')), work: fileWorkSession(shop.companyId) };
};
const add = async (session: Session, of: Buffer) => {
  const arrived = await storePicture(db.app.run, { store, typeOf }, session, { name: 'a.png', content: bytes(of) });
  return keepPicture(db.app.run, store, session, arrived);
};
const remember = async (session: Session, ...addresses: string[]) => [
  ...(await db.app.run(session, (ctx) => rememberRemoteImages(ctx, addresses))).values(),
];
const view = (session: Session, id: Id<'file'>) => db.app.run(lookingOnly(session), (ctx) => getFile(ctx, id));
const rowOf = async (id: Id<'file'>) => {
  const [row] = await db.admin`
    select status, attempts, failure, due_at, due_at <= now() as is_due, extract(epoch from due_at - now())::int as pause
    from files where id = ${id}`;
  return row ?? {};
};
/** Their upload addresses are closed. */
const makeOlder = ({ companyId }: Session) =>
  db.admin`update files set created_at = created_at - interval '20 minutes' where company_id = ${companyId}`;
const everything = async (work: Session) => {
  while (await workOnFiles(db.app.run, ports, work)) {
    // until nothing is left
  }
};
const makeDue = () => db.admin`update files set due_at = now() where due_at is not null`;
const versionOf = async (companyId: string) => {
  const [row] = await db.admin`select version from catalogue_versions where company_id = ${companyId}`;
  return Number(row?.['version'] ?? 0);
};

test('a stored picture becomes ready with its renditions, and visitors see it', async () => {
  const { shop, session, work } = await given();
  const { id } = await add(session, picture('one'));
  const before = await versionOf(shop.companyId);
  expect(await workOnFiles(db.app.run, ports, work)).toBe(false);
  const file = await view(session, id);
  expect(file).toMatchObject({ status: 'ready', contentType: 'image/png', failure: null });
  expect(file.picture).toMatchObject({ width: 400, height: 200, widths: [160, 320, 400] });
  const key = file.picture?.url.replace('https://shop.test/files/', '') ?? '';
  expect(key).toMatch(/\/400\.webp$/);
  expect(store.objects.get(key)?.toString()).toBe('webp 400');
  expect(store.objects.size).toBe(1 + 6);
  const rows =
    await db.admin`select width, format, size_bytes::int from file_renditions where file_id = ${id} order by width, format`;
  expect(rows).toHaveLength(6);
  expect(await versionOf(shop.companyId)).toBe(before + 1);
  expect(await workOnFiles(db.app.run, ports, work)).toBe(false);
  expect(await versionOf(shop.companyId)).toBe(before + 1);
});

test('a picture elsewhere is fetched, takes room, and becomes ready with the next share', async () => {
  const { session, work } = await given();
  const [id] = await remember(session, 'https://cdn.example/a.png');
  expect(await workOnFiles(db.app.run, ports, work)).toBe(true);
  expect(await workOnFiles(db.app.run, ports, work)).toBe(false);
  expect(await view(session, id as Id<'file'>)).toMatchObject({ status: 'ready', sizeBytes: 100 });
  expect((await db.app.run(session, usageOf)).usedBytes).toBe(100);
});

test('a share fetches a few files or makes pictures of one, says when there is more, and raises the version once', async () => {
  const { shop, session, work } = await given();
  await remember(session, ...Array.from({ length: 6 }, (_, i) => `https://cdn.example/${i}.png`));
  const before = await versionOf(shop.companyId);
  const shares = [];
  for (let isMore = true; isMore; ) {
    isMore = await workOnFiles(db.app.run, ports, work);
    shares.push([fetched.length, (await versionOf(shop.companyId)) - before]);
  }
  // What was fetched goes before what is still to be fetched.
  expect(shares).toEqual([
    [4, 0],
    [4, 1],
    [5, 2],
    [6, 3],
    [6, 4],
    [6, 5],
    [6, 6],
  ]);
});

test('the attempts to fetch a picture do not count against making pictures of it', async () => {
  const { session, work } = await given();
  const [id = 'file_x'] = await remember(session, 'https://cdn.example/a.png');
  await db.admin`update files set attempts = 5 where id = ${id}`;
  await everything(work);
  expect(await view(session, id)).toMatchObject({ status: 'ready' });
});

test('a company that keeps all it may fetches nothing', async () => {
  const { session, work } = await given();
  await add(session, picture('full'));
  await db.admin`update file_usage set quota_bytes = 100 where company_id = ${work.companyId}`;
  const [id = 'file_x'] = await remember(session, 'https://cdn.example/a.png');
  await everything(work);
  expect([fetched, (await view(session, id)).status]).toEqual([[], 'failed']);
});

test('bytes that were exchanged after the upload was completed never become a picture', async () => {
  const { session, work } = await given();
  const { id } = await add(session, picture('checked'));
  const [key = ''] = store.objects.keys();
  store.objects.set(key, picture('another'));
  await everything(work);
  expect(await view(session, id)).toMatchObject({ status: 'failed', failure: expect.stringContaining('Other bytes') });
  expect(store.objects.size).toBe(0);
});

test('a picture that takes too long is tried again, and the company is told why', async () => {
  const { session, work } = await given();
  const { id } = await add(session, picture('slow'));
  ports.maker.develop = () => Promise.reject(new PictureSlow(60));
  await workOnFiles(db.app.run, ports, work);
  expect(await rowOf(id)).toMatchObject({ status: 'stored', is_due: false, failure: expect.stringContaining('60 s') });
});

test('what is given up through a fault of ours keeps no bytes', async () => {
  const { session, work } = await given();
  const { id } = await add(session, picture('one'));
  await db.admin`update files set attempts = 5 where id = ${id}`;
  ports.maker.develop = () => Promise.reject(new Error('ENOSPC'));
  await expect(workOnFiles(db.app.run, ports, work)).rejects.toThrow('ENOSPC');
  expect([(await rowOf(id))['status'], store.objects.size]).toEqual(['failed', 0]);
});

test('the objects of a picture that was given up while its worker died go with the orphan sweep', async () => {
  const { session, work } = await given();
  const { id } = await add(session, picture('one'));
  await db.admin`update files set attempts = 6 where id = ${id}`;
  await everything(work);
  expect([(await rowOf(id))['status'], store.objects.size]).toEqual(['failed', 1]);
  expect(await sweepOrphans(db.app.run, store, work)).toBe(1);
  expect(store.objects.size).toBe(0);
});

test('two workers at once never do the same file', async () => {
  const { session, work } = await given();
  await warmUp(db);
  await remember(session, ...Array.from({ length: 12 }, (_, i) => `https://cdn.example/${i}.png`));
  while ((await Promise.all([1, 2, 3].map(() => workOnFiles(db.app.run, ports, work)))).some(Boolean)) {
    // until nothing is left
  }
  expect(fetched.sort()).toEqual([...new Set(fetched)].sort());
  expect(fetched).toHaveLength(12);
});

test('a fault of the network is tried again later, at growing distances, and given up in the end', async () => {
  const { session, work } = await given();
  const [id = 'file_x'] = await remember(session, 'https://cdn.example/a.png');
  ports.remote.fetch = async () => {
    throw new RemoteFailed('The server there answered 503 instead of a picture.');
  };
  const pauses: number[] = [];
  for (let attempt = 1; attempt <= 5; attempt++) {
    await workOnFiles(db.app.run, ports, work);
    const row = await rowOf(id);
    expect(row).toMatchObject({ status: 'remote', attempts: attempt, is_due: false });
    expect(row['failure']).toContain('503');
    pauses.push(Number(row['pause']));
    await makeDue();
  }
  for (const [at, base] of [60, 300, 1_800, 7_200, 21_600].entries()) {
    expect(pauses[at]).toBeGreaterThanOrEqual(base * 0.5 - 5);
    expect(pauses[at]).toBeLessThanOrEqual(base * 1.5);
  }
  await workOnFiles(db.app.run, ports, work);
  expect(await rowOf(id)).toMatchObject({ status: 'failed', due_at: null });
});

test('what is refused, or no picture, or unreadable, fails at once with the reason, keeps no bytes and no room', async () => {
  const { session, work } = await given();
  const cases: [string, () => void, string][] = [
    [
      'refused',
      () =>
        (ports.remote.fetch = () => Promise.reject(new RemoteRefused('The address is not on the public internet.'))),
      'public internet',
    ],
    ['html', () => (ports.remote.fetch = async () => ({ content: bytes(Buffer.from('<html>')) })), 'not a picture'],
    ['large', () => (ports.remote.fetch = async () => ({ content: bytes(picture('x', 5_001)) })), 'larger than'],
    [
      'bomb',
      () =>
        (ports.maker.develop = () => Promise.reject(new PictureUnreadable('The picture has 100000 × 100000 pixels.'))),
      '100000',
    ],
  ];
  const usual = { ...ports.remote };
  for (const [name, arrange, reason] of cases) {
    ports.remote = { ...usual };
    arrange();
    const [id = 'file_x'] = await remember(session, `https://cdn.example/${name}`);
    await everything(work);
    const file = await view(session, id);
    expect([name, file.status, file.picture, file.sizeBytes]).toEqual([name, 'failed', null, null]);
    expect(file.failure).toContain(reason);
  }
  expect(store.objects.size).toBe(0);
  expect((await db.app.run(session, usageOf)).usedBytes).toBe(0);
});

test('a picture elsewhere that does not fit the quota fails and says so', async () => {
  const { session, work } = await given();
  useFileSettings({ quotaBytes: 150 });
  await remember(session, 'https://cdn.example/a.png', 'https://cdn.example/b.png');
  await everything(work);
  const statuses =
    await db.admin`select status, failure from files where company_id = ${work.companyId} order by status`;
  expect(statuses.map(({ status }) => status)).toEqual(['failed', 'ready']);
  expect(statuses[0]?.['failure']).toContain('does not fit');
  expect((await db.app.run(session, usageOf)).usedBytes).toBe(100);
});

test('a fault of ours is for the log: the company learns that there was one, and it is tried again', async () => {
  const { session, work } = await given();
  const { id } = await add(session, picture('one'));
  ports.maker.develop = () => Promise.reject(new Error('ENOSPC: no space left on device, write /var/lib/secret'));
  await expect(workOnFiles(db.app.run, ports, work)).rejects.toThrow('ENOSPC');
  expect(await rowOf(id)).toMatchObject({
    status: 'stored',
    attempts: 1,
    failure: 'Something went wrong on our side.',
    is_due: false,
  });
});

test('what a worker that died was at comes back when its lease ends, and is given up after six such attempts', async () => {
  const { session, work } = await given();
  const { id } = await add(session, picture('killer'));
  const take = async () => (await db.app.run(work, (ctx) => takeDueFiles(ctx, 4))).taken;
  for (let attempt = 1; attempt <= 6; attempt++) {
    expect(await take()).toHaveLength(1);
    expect(await take()).toHaveLength(0);
    await makeDue();
  }
  expect(await take()).toHaveLength(0);
  expect(await rowOf(id)).toMatchObject({ status: 'failed', failure: expect.stringContaining('broke off') });
});

test('a worker that lost its lease records nothing over the one that has it now', async () => {
  const { session, work } = await given();
  const { id } = await add(session, picture('slow'));
  const usual = ports.maker.develop;
  let isFirst = true;
  ports.maker.develop = async (...how) => {
    if (isFirst) {
      isFirst = false;
      await makeDue();
      await workOnFiles(db.app.run, ports, work);
      throw new PictureUnreadable('too late to say so');
    }
    return usual(...how);
  };
  await workOnFiles(db.app.run, ports, work);
  expect(await view(session, id)).toMatchObject({ status: 'ready', failure: null });
  expect(store.objects.size).toBe(7);
  expect((await db.app.run(session, usageOf)).usedBytes).toBe(100);
});

test('a worker that lost its lease gives up nothing another one is at', async () => {
  const { session, work } = await given();
  const { id } = await add(session, picture('contested'));
  ports.maker.develop = async () => {
    await makeDue();
    expect((await db.app.run(work, (ctx) => takeDueFiles(ctx, 4))).taken).toHaveLength(1);
    throw new PictureUnreadable('too late to say so');
  };
  await workOnFiles(db.app.run, ports, work);
  expect(await rowOf(id)).toMatchObject({ status: 'stored', attempts: 2, failure: null, is_due: false });
  expect(store.objects.size).toBe(1);
});

test('a deleted picture takes its objects along, however many renditions it had', async () => {
  const { session, work } = await given();
  const { id } = await add(session, picture('gone'));
  await workOnFiles(db.app.run, ports, work);
  expect(store.objects.size).toBe(7);
  await makeOlder(work);
  await removeFile(db.app.run, session, id);
  await workOnFiles(db.app.run, ports, work);
  expect(store.objects.size).toBe(0);
  expect(await db.admin`select id from files where company_id = ${work.companyId}`).toEqual([]);
});

test('a picture that is made anew has the new renditions and no others', async () => {
  const { session, work } = await given();
  const { id } = await add(session, picture('anew'));
  await workOnFiles(db.app.run, ports, work);
  await db.admin`update files set status = 'stored', due_at = now() where id = ${id}`;
  ports.maker.develop = async (open, _how, keep) => {
    await open();
    await keep({ width: 160, height: 80, format: 'webp', bytes: Buffer.from('anew') });
    return { width: 400, height: 200 };
  };
  await workOnFiles(db.app.run, ports, work);
  expect((await view(session, id)).picture?.widths).toEqual([160]);
  const rows = await db.admin`select width, format, size_bytes::int from file_renditions where file_id = ${id}`;
  expect(rows).toEqual([{ width: 160, format: 'webp', size_bytes: 4 }]);
});

test('announced and deleted, an upload keeps its room until its address is closed, and what came there goes', async () => {
  const { session, work } = await given();
  const announced = { name: 'x.png', contentType: 'image/png' as const, sizeBytes: 100 };
  const { file, upload } = await beginUpload(db.app.run, store, session, announced);
  const used = async () => (await db.app.run(session, usageOf)).usedBytes;
  await removeFile(db.app.run, session, file.id);
  await workOnFiles(db.app.run, ports, work);
  await store.put(upload.url.replace('memory:', ''), bytes(picture('late')), { contentType: '', sizeMax: 100 });
  expect(await used()).toBe(100);
  const [row] = await db.admin`
    select status, attempts, extract(epoch from due_at - created_at)::int as pause from files
    where company_id = ${work.companyId}`;
  expect(row).toEqual({ status: 'deleting', attempts: 0, pause: 1_200 });
  await makeOlder(work);
  await makeDue();
  await everything(work);
  expect([await used(), store.objects.size]).toEqual([0, 0]);
  expect(await db.admin`select id from files where company_id = ${work.companyId}`).toEqual([]);
});

test('while the store is away, what was deleted waits', async () => {
  const { session, work } = await given();
  const { id } = await add(session, picture('gone'));
  await removeFile(db.app.run, session, id);
  const away = { ...ports, store: { ...store, delete: () => Promise.reject(new Error('the store is away')) } };
  await expect(workOnFiles(db.app.run, away, work)).rejects.toThrow('away');
  await makeDue();
  await workOnFiles(db.app.run, ports, work);
  expect(store.objects.size).toBe(0);
});

test('the relay finds the companies with work, and nothing else of them', async () => {
  const [one, two] = [await given(), await given()];
  await remember(one.session, 'https://cdn.example/a.png');
  const due = () => db.relay.unscoped((tx) => companiesWithDueFiles(tx, 100));
  expect(await due()).toContain(one.work.companyId);
  expect(await due()).not.toContain(two.work.companyId);
  await everything(one.work);
  expect(await due()).not.toContain(one.work.companyId);
  await expect(db.relay.unscoped((tx) => tx.execute('select source_url from files'))).rejects.toThrow();
});
