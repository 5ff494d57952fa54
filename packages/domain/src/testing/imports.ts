import { Readable } from 'node:stream';
import { openPrivateFile } from '../catalog/files/private-files.flow.ts';
import { createDefaultLocation } from '../catalog/inventory/locations.service.ts';
import { ImportRunner } from '../catalog/product-import/import-run.flow.ts';
import { exportNext } from '../catalog/product-import/product-export.flow.ts';
import { getExport, queueExport } from '../catalog/product-import/product-export.service.ts';
import { type ImportView, importFields } from '../catalog/product-import/product-import.contract.ts';
import { beginImport, receiveFile } from '../catalog/product-import/product-import.flow.ts';
import { getImport } from '../catalog/product-import/product-import.service.ts';
import { createRole } from '../company/iam/roles.service.ts';
import type { StaffView } from '../identity/staff/staff.contract.ts';
import type { Ctx, Run, Session } from '../kernel/ctx.ts';
import type { TestDatabase } from './database.ts';
import { memoryStore } from './memory-store.ts';
import { givenShop } from './people.ts';

const SHARES_MAX = 200;

/** A shop with its owner at work, who can import. `reported` is what the runner called our fault. */
export async function givenImports(db: TestDatabase, options: { run?: Run } = {}) {
  const run = options.run ?? db.app.run;
  const shop = await givenShop(db);
  const owner: Session = await shop.as(await shop.hire('owner'));
  const store = memoryStore();
  const reported: unknown[] = [];
  const newRunner = (ports: { shareMs?: number } = {}, by: Run = run) =>
    new ImportRunner(by, { store, report: (error) => reported.push(error), ...ports });
  const begin = async (
    csv: string | Buffer,
    fields: Record<string, string> = {},
    session = owner,
  ): Promise<ImportView> => {
    const file = await receiveFile(run, store, session, {
      name: 'products.csv',
      content: Readable.from([Buffer.from(csv)]),
    });
    return beginImport(run, session, importFields.parse(fields), file);
  };
  /** Lets a runner work until nothing is due. */
  const work = async (runner = newRunner()) => {
    for (let share = 0; share < SHARES_MAX; share++) if (!(await runner.share(shop.system))) return;
    throw new Error(`the import was not done after ${SHARES_MAX} shares`);
  };
  const look = (id: ImportView['id']) => run(owner, (ctx) => getImport(ctx, id));
  return {
    ...shop,
    owner,
    /** Makes the place a registered company is born with. */
    withMainLocation: createDefaultLocation,
    /** A person who holds just these permissions. */
    hireWith: async (permissions: string[]): Promise<StaffView> => {
      const role = await run(shop.system, (ctx) =>
        createRole(
          { ...ctx, permissions: new Set(permissions) },
          { name: permissions.join(' '), description: '', permissions },
        ),
      );
      const person = await shop.hire('owner');
      await db.admin`update staff_roles set role_id = ${role.id} where company_id = ${shop.companyId} and staff_id = ${person.id}`;
      return person;
    },
    run: <T>(work: (ctx: Ctx) => Promise<T>) => run(owner, work),
    /** The whole catalogue as a file. */
    async exported(session = owner): Promise<string> {
      const { id } = await run(session, queueExport);
      await exportNext(run, { store, report: (error) => reported.push(error) }, shop.system);
      const { fileId, failure } = await run(session, (ctx) => getExport(ctx, id));
      if (fileId === null) throw new Error(`The export failed: ${failure}`, { cause: reported });
      const pieces: Buffer[] = [];
      for await (const piece of await openPrivateFile(run, store, session, fileId)) pieces.push(Buffer.from(piece));
      return Buffer.concat(pieces).toString();
    },
    store,
    reported,
    newRunner,
    begin,
    work,
    look,
    /** The whole way, and how it ended. */
    async imported(csv: string | Buffer, fields: Record<string, string> = {}): Promise<ImportView> {
      const { id } = await begin(csv, fields);
      await work();
      return look(id);
    },
  };
}
