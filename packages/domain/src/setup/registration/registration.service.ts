import { createDefaultLocation } from '../../catalog/inventory/locations.service.ts';
import type { CompanyView, NewCompany } from '../../company/companies/companies.contract.ts';
import { createCompany } from '../../company/companies/companies.service.ts';
import { seedAccess } from '../../company/iam/access-seed.service.ts';
import { roleIdOf } from '../../company/iam/roles.service.ts';
import { mintKey } from '../../identity/api-keys/api-keys.service.ts';
import type { StaffView } from '../../identity/staff/staff.contract.ts';
import { createStaff } from '../../identity/staff/staff.service.ts';
import { allScopes } from '../../kernel/access.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { CompanyId } from '../../kernel/ids.ts';
import { createFirstShipping } from '../../pricing/shipping/first-shipping.service.ts';
import { createDefaultTaxRate } from '../../pricing/tax/tax-rates.service.ts';

export interface FoundingOwner {
  name: string;
  email: string;
  passwordHash: string;
}

/**
 * Everything a company is born with, in the transaction of its first row: its roles, its owner, a place for its goods,
 * a way to send them, the tax of its country and the key of its storefront. Later modules add their part here.
 * Throws `HandleTaken`.
 */
export async function foundCompany(
  ctx: Ctx,
  input: NewCompany & { parentCompanyId?: CompanyId },
  owner: FoundingOwner,
): Promise<{ company: CompanyView; staff: StaffView; apiKey: { id: string; key: string } }> {
  const company = await createCompany(ctx, input);
  await seedAccess(ctx);
  const staff = await createStaff(ctx, { ...owner, roleIds: [await roleIdOf(ctx, 'owner')] });
  await createDefaultLocation(ctx);
  await createFirstShipping(ctx, company);
  await createDefaultTaxRate(ctx, company.country);
  const apiKey = await mintKey(ctx, {
    name: 'Storefront',
    type: 'publishable',
    scopes: allScopes()
      .filter(({ publishable }) => publishable)
      .map(({ name }) => name),
  });
  return { company, staff, apiKey: { id: apiKey.id, key: apiKey.key } };
}
