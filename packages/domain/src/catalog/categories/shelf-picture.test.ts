import { expect, test } from 'vitest';
import { useDatabase } from '../../testing/database.ts';
import { givenCompany } from '../../testing/goods.ts';
import { memoryStore } from '../../testing/memory-store.ts';
import { beginUpload } from '../files/uploads.flow.ts';
import { refuseUnknownPicture } from './shelf-picture.service.ts';

const db = useDatabase();

test('a picture that was only announced cannot be shown yet', async () => {
  const session = await givenCompany(db);
  const announced = { name: 'x', contentType: 'image/png' as const, sizeBytes: 100 };
  const { file } = await beginUpload(db.app.run, memoryStore(), session, announced);
  const refuse = () => db.app.run(session, (ctx) => refuseUnknownPicture(ctx, file.id));
  await expect(refuse()).rejects.toMatchObject({ faults: [{ pointer: '/imageId', code: 'unknown_file' }] });
  await db.admin`update files set status = 'stored' where id = ${file.id}`;
  await refuse();
});
