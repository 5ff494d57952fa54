import { eq, sql } from 'drizzle-orm';
import { expect } from 'vitest';
import { auditEntries } from '../kernel/audit-log.schema.ts';
import { systemSession } from '../kernel/ctx.ts';
import { newId } from '../kernel/ids.ts';
import type { TestDatabase } from './database.ts';

const COMPANIES = 50;
const WORKERS = 64;

/** A small seeded generator (mulberry32), so that a failing run can be repeated. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * 64 workers over 50 companies, each many times over: read without a condition, write, wait, abort, lose the connection.
 * Expects that nobody ever saw a foreign row and that what was committed, and only that, is there. `SEED` repeats a run.
 */
export async function loadWalls(db: TestDatabase, roundsPerWorker: number): Promise<void> {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
  const random = seeded(seed);
  const companies = Array.from({ length: COMPANIES }, () => newId('com'));
  const foreign: string[] = [];
  const kept = new Map<string, number>();
  let aborted = 0;
  let killed = 0;

  async function round() {
    const companyId = companies[Math.floor(random() * COMPANIES)] ?? companies[0];
    if (!companyId) return;
    const dice = random();
    try {
      await db.app.run(systemSession(companyId, 'load'), async (ctx) => {
        ctx.audit({ action: 'load.noted', entity: { type: 'load', id: companyId } });
        // On purpose without mine(): wall two has to hold by itself here.
        const rows = await ctx.tx.select({ companyId: auditEntries.companyId }).from(auditEntries);
        foreign.push(...rows.map((row) => row.companyId).filter((id) => id !== companyId));
        if (dice < 0.2) throw new Error('abort');
        if (dice < 0.25) await ctx.tx.execute(sql`select pg_terminate_backend(pg_backend_pid())`);
        if (dice < 0.5) await new Promise((resolve) => setTimeout(resolve, random() * 5));
        const again = await ctx.tx
          .select({ id: auditEntries.id })
          .from(auditEntries)
          .where(eq(auditEntries.companyId, companyId));
        expect(again.length).toBeGreaterThanOrEqual(rows.length);
      });
      kept.set(companyId, (kept.get(companyId) ?? 0) + 1);
    } catch (error) {
      if (error instanceof Error && error.message === 'abort') aborted += 1;
      else if (dice >= 0.2 && dice < 0.25) killed += 1;
      else throw error;
    }
  }

  const worker = async () => {
    for (let i = 0; i < roundsPerWorker; i++) await round();
  };
  await Promise.all(Array.from({ length: WORKERS }, worker));

  expect(foreign, `seed ${seed}`).toEqual([]);
  expect(Math.min(aborted, killed), `seed ${seed}`).toBeGreaterThan(10);
  const stored = await db.admin<{ id: string; count: number }[]>`
    select company_id as id, count(*)::int as count from audit_entries group by company_id`;
  expect(Object.fromEntries(stored.map(({ id, count }) => [id, count])), `seed ${seed}`).toEqual(
    Object.fromEntries(kept),
  );
}
