import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import type { StaffView } from '../staff/staff.contract.ts';
import { markDisabled } from '../staff/staff-roles.service.ts';
import { endSessions } from './sessions.service.ts';

/** Disables a person and ends all their sessions, so that enabling them later brings none of them back. Throws as `markDisabled`. */
export async function disableStaff(ctx: Ctx, id: Id<'stf'>): Promise<StaffView> {
  const view = await markDisabled(ctx, id);
  await endSessions(ctx, id, 'disabled');
  return view;
}
