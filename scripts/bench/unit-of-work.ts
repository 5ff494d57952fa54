import { companies } from '@souk/domain/company/companies/companies.schema';
import { systemSession } from '@souk/domain/kernel/ctx';
import { openDatabase } from '@souk/domain/kernel/database';
import { newId } from '@souk/domain/kernel/ids';
import { statement } from '@souk/domain/kernel/statement';
import { mine } from '@souk/domain/kernel/tables';
import { eq, sql } from 'drizzle-orm';
import postgres from 'postgres';
import { alternate, type Outcome } from './rounds.ts';

const CONNECTIONS = 4;
const CALLERS = 16;
const ROUND_MS = 1_500;

/** One select inside a unit of work (begin, company, select, commit) against the bare prepared select. */
export async function benchUnitOfWork(url: string): Promise<Outcome> {
  const database = openDatabase({ url, size: CONNECTIONS });
  const bare = postgres(url, { max: CONNECTIONS, fetch_types: false });
  const session = systemSession(newId('com'), 'bench');
  await database.run(session, async (ctx) => {
    const name = ctx.companyId;
    await ctx.tx
      .insert(companies)
      .values({ companyId: name, handle: name, name, country: 'NG', currency: 'NGN', timezone: 'UTC' });
    ctx.audit({ action: 'bench.prepared', entity: { type: 'company', id: name } });
  });
  const byCompany = statement((tx) =>
    tx
      .select({ handle: companies.handle, name: companies.name })
      .from(companies)
      .where(eq(companies.companyId, sql.placeholder('company'))),
  );
  const built = () =>
    database.run(session, (ctx) =>
      ctx.tx.select({ handle: companies.handle, name: companies.name }).from(companies).where(mine(ctx, companies)),
    );
  const prepared = () => database.run(session, (ctx) => byCompany(ctx, { company: ctx.companyId }));
  // The bare one asks without a company and finds nothing: the cheapest it can be.
  const plain = () => bare`select handle, name from companies where company_id = ${session.companyId}`;
  try {
    const [ours, base, builder] = await alternate([
      () => perSecond(prepared),
      () => perSecond(plain),
      () => perSecond(built),
    ]);
    return {
      name: 'unit of work with one select, against the bare prepared select',
      ours: ours ?? 0,
      bare: base ?? 0,
      unit: '/s',
      goal: 0.35,
      note: `query object built per call: ${Math.round(builder ?? 0)}/s`,
    };
  } finally {
    await Promise.all([database.close(), bare.end()]);
  }
}

async function perSecond(call: () => PromiseLike<unknown>): Promise<number> {
  const until = performance.now() + ROUND_MS;
  let done = 0;
  const caller = async () => {
    while (performance.now() < until) {
      await call();
      done += 1;
    }
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: CALLERS }, caller));
  return (done * 1000) / (performance.now() - began);
}
