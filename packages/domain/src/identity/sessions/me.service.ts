import { getCompany } from '../../company/companies/companies.service.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { getStaff, permissionsOf } from '../staff/staff.service.ts';
import type { Me } from './me.contract.ts';
import { staffIdOf } from './visitor.ts';

/** The signed-in person with their roles, their company, and the permissions their roles give. */
export async function getMe(ctx: Ctx): Promise<Me> {
  const id = staffIdOf(ctx);
  return { staff: await getStaff(ctx, id), company: await getCompany(ctx), permissions: await permissionsOf(ctx, id) };
}
