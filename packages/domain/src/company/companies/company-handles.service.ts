import { eq } from 'drizzle-orm';
import type { Tx } from '../../kernel/ctx.ts';
import type { CompanyId } from '../../kernel/ids.ts';
import { HandleTaken } from './companies.errors.ts';
import { companyHandles } from './companies.schema.ts';

/** The company that goes by a handle. For the door only: it is asked before any company is known. */
export async function companyIdByHandle(tx: Tx, handle: string): Promise<CompanyId | undefined> {
  const [row] = await tx
    .select({ companyId: companyHandles.companyId })
    .from(companyHandles)
    .where(eq(companyHandles.handle, handle.trim().toLowerCase()));
  return row?.companyId;
}

/**
 * Enters a handle in the directory; claiming one's own again is fine. Two who claim at once wait for each other here.
 * Throws `HandleTaken`. A handle is never given up, not even by a closed company: links and mails still name it.
 */
export async function claimHandle(tx: Tx, handle: string, companyId: CompanyId): Promise<void> {
  await tx.insert(companyHandles).values({ handle, companyId }).onConflictDoNothing();
  const [holder] = await tx
    .select({ companyId: companyHandles.companyId })
    .from(companyHandles)
    .where(eq(companyHandles.handle, handle));
  if (holder?.companyId !== companyId) throw new HandleTaken(handle);
}
