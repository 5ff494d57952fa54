import { type Run, type Session, systemSession } from '../../kernel/ctx.ts';
import type { CompanyId, Id } from '../../kernel/ids.ts';
import {
  driftingCollections,
  finishRebuild,
  nextRebuild,
  type RebuildProgress,
  type RebuildTask,
  rebuildPart,
} from './rebuilds.service.ts';

/**
 * Finds the members of one due collection anew, in as many transactions as it takes; one that a worker dies in the middle
 * of is begun again. Says whether there may be more to do in this company.
 */
export async function rebuildNext(run: Run, session: Session): Promise<boolean> {
  const task = await run(session, nextRebuild);
  if (!task) return false;
  await rebuild(run, session, task);
  await run(session, (ctx) => finishRebuild(ctx, task));
  return true;
}

/**
 * Sets right what stock and time did to a company's collections: an hourly chore. Until then a product that just sold out
 * may still be in a collection of what is in stock; lists filter by stock exactly. Returns how many memberships changed.
 */
export async function refreshDrifting(run: Run, companyId: CompanyId): Promise<number> {
  const session = systemSession(companyId, 'collections');
  let changed = 0;
  for (const task of await run(session, driftingCollections)) changed += await rebuild(run, session, task);
  return changed;
}

async function rebuild(run: Run, session: Session, task: RebuildTask): Promise<number> {
  let after: Id<'prod'> | null = null;
  let changed = 0;
  do {
    const from: Id<'prod'> | null = after;
    const part: RebuildProgress = await run(session, (ctx) => rebuildPart(ctx, task, from));
    after = part.next;
    changed += part.changed;
  } while (after !== null);
  return changed;
}
