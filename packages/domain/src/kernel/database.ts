import { cpus } from 'node:os';
import { sql } from 'drizzle-orm';
import type { Run, RunUnscoped } from './ctx.ts';
import { createPool, type Pool, type PoolOptions } from './pool.ts';
import { type UnitOfWorkOptions, unitOfWork, unscopedWork } from './unit-of-work.ts';

/** A pool with the two ways into it. */
export interface Database {
  readonly run: Run;
  readonly unscoped: RunUnscoped;
  readonly pool: Pool;
  close(): Promise<void>;
}

/** Opens a database for a process. Connections are made when they are needed. */
export function openDatabase(options: Omit<PoolOptions, 'size'> & { size?: number } & UnitOfWorkOptions): Database {
  // About two a core: with more, PostgreSQL's processes wait for each other and the slowest answers get slower.
  const pool = createPool({ ...options, size: options.size ?? Math.max(4, cpus().length * 2) });
  return {
    pool,
    run: unitOfWork(pool, options),
    unscoped: unscopedWork(pool, options),
    close: () => pool.close(),
  };
}

/** A database role that could walk through the walls. The process that sees it must not start. */
export class UnsafeDatabaseRole extends Error {
  constructor(role: string, faults: readonly string[]) {
    super(
      `The database role "${role}" ${faults.join(', and ')}: row level security would not hold it back. ` +
        'Use the role souk_app (npm run db:prepare makes it) in DATABASE_URL.',
    );
    this.name = 'UnsafeDatabaseRole';
  }
}

/** Throws `UnsafeDatabaseRole` if the connected role is superuser, bypasses row security or owns a tenant table. */
export async function refuseUnsafeRole(unscoped: RunUnscoped): Promise<void> {
  const [role] = await unscoped((tx) =>
    tx.execute<{ name: string; super: boolean; bypass: boolean; may_become: boolean; owns: number }>(sql`
      select rolname as name, rolsuper as super, rolbypassrls as bypass,
        exists (select from pg_roles x where x.oid <> r.oid and pg_has_role(r.oid, x.oid, 'MEMBER')
          and (x.rolsuper or x.rolbypassrls)) as may_become,
        (select count(*)::int from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'company_id'
          where c.relkind in ('r', 'p') and pg_has_role(r.oid, c.relowner, 'MEMBER')) as owns
      from pg_roles r where rolname = current_user`),
  );
  if (!role) throw new Error('The database does not know its own current_user');
  const faults = [
    role.super && 'is superuser',
    role.bypass && 'has BYPASSRLS',
    role.may_become && 'may become a role that is superuser or has BYPASSRLS',
    role.owns > 0 && `owns ${role.owns} tenant tables`,
  ].filter((fault) => typeof fault === 'string');
  if (faults.length > 0) throw new UnsafeDatabaseRole(role.name, faults);
}
