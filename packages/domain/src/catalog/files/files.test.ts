import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { beforeEach, expect, test } from 'vitest';
import { lookingOnly, type Run, type Session } from '../../kernel/ctx.ts';
import { CommitUnknown, NotFound } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { memoryStore } from '../../testing/memory-store.ts';
import { givenShop, warmUp } from '../../testing/people.ts';
import { useFileSettings } from './file-settings.ts';
import {
  FileInUse,
  FileQuotaSpent,
  FileTooLarge,
  NotAnImage,
  UploadIncomplete,
  UploadNotAwaited,
} from './files.errors.ts';
import { fileViews, getFile, listFiles } from './files.service.ts';
import { sweepForgottenUploads, sweepOrphans } from './orphans.flow.ts';
import { downloadAddress, openPrivateFile, storePrivateFile } from './private-files.flow.ts';
import { rememberRemoteImages } from './remote-images.service.ts';
import { companyPrefix, originalKey } from './storage-keys.ts';
import { beginUpload, dropPicture, finishUpload, keepPicture, removeFile, storePicture } from './uploads.flow.ts';
import { usageOf } from './usage.service.ts';

const db = useDatabase();
const DAY_MS = 24 * 3_600_000;
let store = memoryStore();
beforeEach(() => {
  store = memoryStore();
  useFileSettings({ address: 'https://shop.test/files', quotaBytes: 10_000, imageBytesMax: 5_000 });
});

// What a picture is, for these tests: bytes that begin with its type.
const typeOf = async (head: Uint8Array) => /^image\/[a-z]+|^application\/pdf/.exec(Buffer.from(head).toString())?.[0];
const picture = (text: string, size = 100) => Buffer.from(`image/png ${text}`.padEnd(size, '.'));
async function* bytes(of: Buffer) {
  yield of.subarray(0, 10);
  yield of.subarray(10);
}
const add = async (session: Session, of: Buffer, name = 'a.png') => {
  const arrived = await storePicture(db.app.run, { store, typeOf }, session, { name, content: bytes(of) });
  return keepPicture(db.app.run, store, session, arrived);
};
const used = (session: Session) => db.app.run(lookingOnly(session), async (ctx) => (await usageOf(ctx)).usedBytes);
const given = async () => {
  const shop = await givenShop(db);
  return { shop, session: await shop.as(await shop.hire('owner')) };
};

test('a picture is kept with its size and hash, waits to be looked at, and takes its room', async () => {
  const { shop, session } = await given();
  const file = await add(session, picture('one'));
  expect(file).toMatchObject({
    status: 'stored',
    name: 'a.png',
    contentType: 'image/png',
    sizeBytes: 100,
    picture: null,
  });
  expect(await used(session)).toBe(100);
  expect(await shop.auditOf(file.id)).toEqual(['file.added']);
  expect([...store.objects.keys()]).toEqual([
    expect.stringMatching(new RegExp(`^${companyPrefix(shop.companyId)}image/[0-9a-f]{32}/original$`)),
  ]);
});

test('the same bytes again are the same file, also twenty at once, and take room once', async () => {
  const { session } = await given();
  await warmUp(db);
  const files = await Promise.all(Array.from({ length: 20 }, (_, i) => add(session, picture('same'), `${i}.png`)));
  expect(new Set(files.map(({ id }) => id)).size).toBe(1);
  expect(await used(session)).toBe(100);
  expect(store.objects.size).toBe(1);
});

test('the same bytes in another company are another file', async () => {
  const [one, two] = [await given(), await given()];
  const [a, b] = [await add(one.session, picture('both')), await add(two.session, picture('both'))];
  expect(a.id).not.toBe(b.id);
  expect(store.objects.size).toBe(2);
});

test('what is no picture by its bytes is refused before it is stored, whatever its name', async () => {
  const { session } = await given();
  await expect(add(session, Buffer.from('application/pdf'.padEnd(50, '.')), 'a.png')).rejects.toThrow(NotAnImage);
  await expect(add(session, Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'a.png')).rejects.toThrow(
    NotAnImage,
  );
  await expect(add(session, Buffer.alloc(0))).rejects.toThrow(NotAnImage);
  await expect(add(session, picture('large', 5_001))).rejects.toThrow(FileTooLarge);
  expect(store.objects.size).toBe(0);
  expect(await used(session)).toBe(0);
});

test('of many at once that need the last room, as many get it as fit, and nothing of the others stays', async () => {
  const { session } = await given();
  await warmUp(db);
  const results = await Promise.allSettled(
    Array.from({ length: 12 }, (_, i) => add(session, picture(`no ${i} `, 2_000))),
  );
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
  for (const result of results) if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(FileQuotaSpent);
  expect(await used(session)).toBe(10_000);
  expect(store.objects.size).toBe(5);
  await expect(add(session, picture('one more', 12))).rejects.toThrow(FileQuotaSpent);
});

test('a company may have a quota of its own', async () => {
  const { shop, session } = await given();
  await add(session, picture('first'));
  await db.admin`update file_usage set quota_bytes = 150 where company_id = ${shop.companyId}`;
  await expect(add(session, picture('second'))).rejects.toThrow(FileQuotaSpent);
});

test('an upload to a signed address: announced, sent, completed; its room is kept from the start', async () => {
  const { session } = await given();
  const body = picture('direct', 300);
  const announced = { name: 'direct.png', contentType: 'image/png' as const, sizeBytes: 300 };
  const { file, upload } = await beginUpload(db.app.run, store, session, announced);
  expect(file).toMatchObject({ status: 'awaiting_upload', sizeBytes: 300 });
  expect(upload.method).toBe('PUT');
  expect(await used(session)).toBe(300);
  const finish = () => finishUpload(db.app.run, { store, typeOf }, session, file.id);
  await expect(finish()).rejects.toThrow(UploadIncomplete);
  const key = upload.url.replace('memory:', '');
  await store.put(key, bytes(body.subarray(0, 299)), { contentType: 'image/png', sizeMax: 300 });
  await expect(finish()).rejects.toThrow('299 bytes have arrived');
  await store.put(key, bytes(body), { contentType: 'image/png', sizeMax: 300 });
  const done = await finish();
  expect(done).toMatchObject({ id: file.id, status: 'stored' });
  expect(await finish()).toEqual(done);
  expect(await used(session)).toBe(300);
});

test('what came another way than to us is not completed', async () => {
  const { session } = await given();
  const remember = db.app.run(session, (ctx) => rememberRemoteImages(ctx, ['https://a.example/1.jpg']));
  for (const id of (await remember).values())
    await expect(finishUpload(db.app.run, { store, typeOf }, session, id)).rejects.toThrow(UploadNotAwaited);
});

test('the completion asked for again with its Idempotency-Key gets its answer, also if another file was that', async () => {
  const { session } = await given();
  const known = await add(session, picture('known'));
  const announced = { name: 'again.png', contentType: 'image/png' as const, sizeBytes: 100 };
  const { file, upload } = await beginUpload(db.app.run, store, session, announced);
  await store.put(upload.url.replace('memory:', ''), bytes(picture('known')), { contentType: '', sizeMax: 100 });
  const claim = () => ({ ...session, idempotency: { key: 'done', route: 'POST /x', digest: 'd' } });
  expect((await finishUpload(db.app.run, { store, typeOf }, claim(), file.id)).id).toBe(known.id);
  await expect(finishUpload(db.app.run, { store, typeOf }, claim(), file.id)).rejects.toMatchObject({
    name: 'AnsweredBefore',
    answer: { id: known.id },
  });
});

test('what was sent with an Idempotency-Key, took the last room and is sent again, gets its answer', async () => {
  const { session } = await given();
  useFileSettings({ quotaBytes: 100 });
  const send = async () => {
    const claimed = { ...session, idempotency: { key: 'last', route: 'POST /v1/files', digest: 'd' } };
    const what = { name: 'a.png', content: bytes(picture('last')) };
    return keepPicture(db.app.run, store, claimed, await storePicture(db.app.run, { store, typeOf }, claimed, what));
  };
  const { id } = await send();
  await expect(send()).rejects.toMatchObject({ name: 'AnsweredBefore', answer: { id } });
  await expect(add(session, picture('next'))).rejects.toThrow(FileQuotaSpent);
  expect(store.objects.size).toBe(1);
});

test('bytes that are perhaps in the books stay in the store when the answer to the commit is lost', async () => {
  const { session } = await given();
  const losing: Run = async (who, work) => {
    await db.app.run(who, work);
    throw new CommitUnknown();
  };
  const arrived = await storePicture(db.app.run, { store, typeOf }, session, {
    name: 'a.png',
    content: bytes(picture('perhaps')),
  });
  await expect(keepPicture(losing, store, session, arrived)).rejects.toThrow(CommitUnknown);
  const csv = { purpose: 'import' as const, name: 'x.csv', content: bytes(picture('csv')), sizeMax: 1_000 };
  await expect(storePrivateFile(losing, store, session, csv)).rejects.toThrow(CommitUnknown);
  expect(store.objects.size).toBe(2);
});

test('completed several times at once, one does it and all get its answer', async () => {
  const { shop, session } = await given();
  await warmUp(db);
  const announced = { name: 'x.png', contentType: 'image/png' as const, sizeBytes: 100 };
  const { file, upload } = await beginUpload(db.app.run, store, session, announced);
  await store.put(upload.url.replace('memory:', ''), bytes(picture('x')), { contentType: '', sizeMax: 100 });
  const finish = () => finishUpload(db.app.run, { store, typeOf }, session, file.id);
  const results = await Promise.all([finish(), finish(), finish()]);
  expect(new Set(results.map(({ id }) => id))).toEqual(new Set([file.id]));
  expect(await shop.auditOf(file.id)).toEqual(['file.announced', 'file.added']);
});

test('two uploads of the same bytes that are completed at once become one file', async () => {
  const { session } = await given();
  await warmUp(db);
  const announced = { name: 'x.png', contentType: 'image/png' as const, sizeBytes: 100 };
  const begun = await Promise.all(Array.from({ length: 6 }, () => beginUpload(db.app.run, store, session, announced)));
  for (const { upload } of begun)
    await store.put(upload.url.replace('memory:', ''), bytes(picture('twin')), { contentType: '', sizeMax: 100 });
  const done = await Promise.all(
    begun.map(({ file }) => finishUpload(db.app.run, { store, typeOf }, session, file.id)),
  );
  expect(new Set(done.map(({ id }) => id)).size).toBe(1);
});

test('an upload of bytes the company has is answered with that file, and keeps its room while its address is open', async () => {
  const { session } = await given();
  const known = await add(session, picture('known'));
  const announced = { name: 'again.png', contentType: 'image/png' as const, sizeBytes: 100 };
  const { file, upload } = await beginUpload(db.app.run, store, session, announced);
  await store.put(upload.url.replace('memory:', ''), bytes(picture('known')), { contentType: '', sizeMax: 100 });
  expect((await finishUpload(db.app.run, { store, typeOf }, session, file.id)).id).toBe(known.id);
  expect(await used(session)).toBe(200);
  await expect(db.app.run(session, (ctx) => getFile(ctx, file.id))).rejects.toThrow(NotFound);
});

test('an upload that is something else than announced is dropped', async () => {
  const { session } = await given();
  for (const body of [Buffer.from('image/gif'.padEnd(100, '.')), Buffer.from('MZ'.padEnd(100, '.'))]) {
    const announced = { name: 'x.png', contentType: 'image/png' as const, sizeBytes: 100 };
    const { file, upload } = await beginUpload(db.app.run, store, session, announced);
    await store.put(upload.url.replace('memory:', ''), bytes(body), { contentType: '', sizeMax: 100 });
    await expect(finishUpload(db.app.run, { store, typeOf }, session, file.id)).rejects.toThrow(NotAnImage);
    await expect(db.app.run(session, (ctx) => getFile(ctx, file.id))).rejects.toThrow(NotFound);
  }
  // Until nothing can come to their addresses any more.
  expect(await used(session)).toBe(200);
});

test('more than the largest picture is not even announced', async () => {
  const { session } = await given();
  const large = { name: 'x.png', contentType: 'image/png' as const, sizeBytes: 5_001 };
  await expect(beginUpload(db.app.run, store, session, large)).rejects.toMatchObject({
    faults: [{ pointer: '/sizeBytes' }],
  });
});

test('a file of another company is exactly like a missing one', async () => {
  const [mine, other] = [await given(), await given()];
  const { id } = await add(other.session, picture('theirs'));
  const missing = newId('file');
  const attempts = (file: typeof id) => [
    db.app.run(mine.session, (ctx) => getFile(ctx, file)),
    removeFile(db.app.run, mine.session, file),
    finishUpload(db.app.run, { store, typeOf }, mine.session, file),
    openPrivateFile(db.app.run, store, mine.session, file),
    downloadAddress(db.app.run, store, mine.session, file, 'x'),
  ];
  const said = async (file: typeof id) =>
    (await Promise.allSettled(attempts(file))).map((one) => (one.status === 'rejected' ? String(one.reason) : 'found'));
  expect(await said(id)).toEqual(await said(missing));
  expect(await said(id)).not.toContain('found');
  expect((await db.app.run(mine.session, (ctx) => fileViews(ctx, [id]))).size).toBe(0);
  expect(store.objects.size).toBe(1);
});

test('pictures are listed newest first, by status, and files of our own are not among them', async () => {
  const { session } = await given();
  const ids: string[] = [];
  for (const name of ['a', 'b', 'c']) ids.unshift((await add(session, picture(name))).id);
  await storePrivateFile(db.app.run, store, session, {
    purpose: 'import',
    name: 'x.csv',
    content: bytes(picture('csv')),
    sizeMax: 1_000,
  });
  const list = (query: Parameters<typeof listFiles>[1]) => db.app.run(session, (ctx) => listFiles(ctx, query));
  const first = await list({ limit: 2 });
  expect(first.data.map(({ id }) => id)).toEqual(ids.slice(0, 2));
  const rest = await list({ limit: 2, after: first.page.next ?? '' });
  expect([rest.data.map(({ id }) => id), rest.page.hasMore]).toEqual([ids.slice(2), false]);
  expect((await list({ limit: 5, status: 'ready' })).data).toEqual([]);
});

test('a deleted picture is gone at once, gives its room back, and leaves work to let go of its bytes', async () => {
  const { shop, session } = await given();
  const file = await add(session, picture('gone'));
  // Younger, it could have come by an address that is still open.
  await db.admin`update files set created_at = now() - interval '20 minutes' where id = ${file.id}`;
  await removeFile(db.app.run, session, file.id);
  await expect(db.app.run(session, (ctx) => getFile(ctx, file.id))).rejects.toThrow(NotFound);
  expect(await used(session)).toBe(0);
  expect(
    await db.admin`select status, due_at is not null as due from files where company_id = ${shop.companyId}`,
  ).toEqual([{ status: 'deleting', due: true }]);
  expect(await shop.auditOf(file.id)).toEqual(['file.added', 'file.deleted']);
  expect((await add(session, picture('gone'))).id).not.toBe(file.id);
});

test('a picture that a category shows stays, and the answer says who shows it', async () => {
  const { shop, session } = await given();
  const file = await add(session, picture('shown'));
  const id = newId('cat');
  await db.admin`insert into categories (company_id, id, handle, name, image_id, path)
    values (${shop.companyId}, ${id}, 'shoes', 'Shoes', ${file.id}, ${id})`;
  await expect(removeFile(db.app.run, session, file.id)).rejects.toThrow(FileInUse);
  await expect(removeFile(db.app.run, session, file.id)).rejects.toThrow('shown by a category');
  expect((await db.app.run(session, (ctx) => getFile(ctx, file.id))).id).toBe(file.id);
});

test('a private file is stored whole or not at all, read from any byte, and given out under an address', async () => {
  const { session } = await given();
  const content = Buffer.from('head\nrow 1\nrow 2\n');
  const csv = { purpose: 'import' as const, name: 'x.csv', sizeMax: 100 };
  const stored = await storePrivateFile(db.app.run, store, session, { ...csv, content: bytes(content) });
  expect(stored).toMatchObject({ sizeBytes: 17, sha256: createHash('sha256').update(content).digest('hex') });
  expect(await buffer(await openPrivateFile(db.app.run, store, session, stored.fileId))).toEqual(content);
  expect(
    (await buffer(await openPrivateFile(db.app.run, store, session, stored.fileId, { start: 11 }))).toString(),
  ).toBe('row 2\n');
  const address = await downloadAddress(db.app.run, store, session, stored.fileId, 'catalogue.csv');
  expect(address.method).toBe('GET');
  await expect(
    storePrivateFile(db.app.run, store, session, { ...csv, sizeMax: 16, content: bytes(content) }),
  ).rejects.toThrow(FileTooLarge);
  expect(await used(session)).toBe(17);
});

test('a private file that does not fit the quota leaves nothing behind', async () => {
  const { session } = await given();
  const content = Buffer.alloc(10_001, 'x');
  const csv = { purpose: 'export' as const, name: 'x.csv', sizeMax: 100_000, content: bytes(content) };
  await expect(storePrivateFile(db.app.run, store, session, csv)).rejects.toThrow(FileQuotaSpent);
  expect(store.objects.size).toBe(0);
});

test('an address of a picture elsewhere is one file, however often and in however many imports at once it comes', async () => {
  const { session } = await given();
  await warmUp(db);
  const addresses = Array.from({ length: 300 }, (_, i) => `https://cdn.example.com/p/${i % 200}.jpg`);
  const remember = (these: string[]) => db.app.run(session, (ctx) => rememberRemoteImages(ctx, these));
  const [one, two, three] = await Promise.all([
    remember(addresses),
    remember([...addresses].reverse()),
    remember(addresses),
  ]);
  expect(one.size).toBe(200);
  expect(new Map([...two].sort())).toEqual(new Map([...one].sort()));
  expect(new Map([...three].sort())).toEqual(new Map([...one].sort()));
  const again = await remember([...addresses, 'https://cdn.example.com/new%20one.jpg?v=2#part']);
  expect(again.size).toBe(201);
  const ids = [...again.values()];
  const views = await db.app.run(session, (ctx) => fileViews(ctx, ids));
  expect(views.size).toBe(201);
  expect(views.get(ids.at(-1) ?? newId('file'))).toMatchObject({
    name: 'new one.jpg',
    status: 'remote',
    picture: null,
  });
});

test('many addresses are two statements', async () => {
  const { session } = await given();
  const counted = async (addresses: string[]) => {
    let statements = 0;
    await db.app.run(session, (ctx) => {
      const count = (_: object, name: 'execute' | 'select') => {
        if (name === 'execute' || name === 'select') statements += 1;
        return Reflect.get(ctx.tx, name);
      };
      return rememberRemoteImages({ ...ctx, tx: new Proxy(ctx.tx, { get: count as never }) }, addresses);
    });
    return statements;
  };
  expect(await counted(['https://a.example/1.jpg'])).toBe(2);
  expect(await counted(Array.from({ length: 5_000 }, (_, i) => `https://a.example/${i}.jpg`))).toBe(2);
});

test('addresses that cannot be fetched are left out, and one that failed before is tried again', async () => {
  const { shop, session } = await given();
  const remember = (these: string[]) => db.app.run(session, (ctx) => rememberRemoteImages(ctx, these));
  const bad = [
    '',
    'nonsense',
    'ftp://a.example/x.jpg',
    'javascript:alert(1)',
    'https://u:p@a.example/',
    `https://a.example/${'x'.repeat(3_000)}`,
    'https://a.example/half-\ud83d.jpg',
    'https://a.example/\u0007.jpg',
  ];
  expect((await remember([...bad, 'https://a.example/good.jpg'])).size).toBe(1);
  await db.admin`update files set status = 'failed', due_at = null, attempts = 6 where company_id = ${shop.companyId}`;
  await remember(['https://a.example/good.jpg']);
  expect(
    await db.admin`select status, attempts, due_at is not null as due from files where company_id = ${shop.companyId}`,
  ).toEqual([{ status: 'remote', attempts: 0, due: true }]);
  await db.admin`update files set status = 'ready', due_at = null where company_id = ${shop.companyId}`;
  await remember(['https://a.example/good.jpg']);
  expect(await db.admin`select status from files where company_id = ${shop.companyId}`).toEqual([{ status: 'ready' }]);
});

test('uploads announced a day ago and never completed go, one that is shown holds up none, younger ones stay', async () => {
  const { shop, session } = await given();
  const announce = () =>
    beginUpload(db.app.run, store, session, { name: 'x', contentType: 'image/png', sizeBytes: 100 });
  const [stuck, old, young] = [await announce(), await announce(), await announce()];
  await db.admin`update files set created_at = now() - interval '25 hours' where id in ${db.admin([stuck.file.id, old.file.id])}`;
  const id = newId('cat');
  await db.admin`insert into categories (company_id, id, handle, name, image_id, path)
    values (${shop.companyId}, ${id}, 'shoes', 'Shoes', ${stuck.file.id}, ${id})`;
  expect(await sweepForgottenUploads(db.app.run, lookingOnly(session))).toBe(1);
  await expect(db.app.run(session, (ctx) => getFile(ctx, old.file.id))).rejects.toThrow(NotFound);
  expect((await db.app.run(session, (ctx) => getFile(ctx, young.file.id))).status).toBe('awaiting_upload');
  expect(await used(session)).toBe(200);
});

test("objects in no book go after a day; those of files, young ones and other companies' stay", async () => {
  const { shop, session } = await given();
  const other = await given();
  const kept = await add(session, picture('kept'));
  await add(other.session, picture('theirs'));
  const prefix = companyPrefix(shop.companyId);
  const lost = `${prefix}image/${'0'.repeat(32)}`;
  const orphans = [
    originalKey({ purpose: 'image', storageKey: lost }),
    `${lost}/640.webp`,
    `${prefix}import/${'1'.repeat(32)}`,
  ];
  const halves = [...store.objects.keys()]
    .filter((key) => key.startsWith(prefix))
    .map((key) => `${key}.part-0011223344556677`);
  for (const key of [...orphans, ...halves])
    await store.put(key, bytes(picture('orphan')), { contentType: '', sizeMax: 1_000 });
  // This store says that everything was written at the beginning of time.
  expect(await sweepOrphans(db.app.run, store, session, () => DAY_MS - 1)).toBe(0);
  expect(await sweepOrphans(db.app.run, store, session, () => DAY_MS)).toBe(4);
  expect(store.objects.size).toBe(2);
  expect((await db.app.run(session, (ctx) => getFile(ctx, kept.id))).id).toBe(kept.id);
});

test('a picture dropped before it was kept leaves nothing', async () => {
  const { session } = await given();
  const arrived = await storePicture(db.app.run, { store, typeOf }, session, {
    name: 'x',
    content: bytes(picture('x')),
  });
  await dropPicture(store, arrived);
  expect(store.objects.size).toBe(0);
});

test('a name that is cut to its length is never cut within a character', async () => {
  const { session } = await given();
  const address = `https://a.example/${'x'.repeat(254)}\u{1f600}.jpg`;
  const files = await db.app.run(session, (ctx) => rememberRemoteImages(ctx, [address]));
  const [file] = (await db.app.run(session, (ctx) => fileViews(ctx, [...files.values()]))).values();
  expect(file?.name).toBe('x'.repeat(254));
});
