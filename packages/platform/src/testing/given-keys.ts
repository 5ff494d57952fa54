import { createRole } from '@souk/domain/company/iam/roles.service';
import type { NewApiKey } from '@souk/domain/identity/api-keys/api-keys.contract';
import { mintKey } from '@souk/domain/identity/api-keys/api-keys.service';
import { openCustomerSession } from '@souk/domain/identity/customer-sessions/customer-sessions.service';
import { openSession } from '@souk/domain/identity/sessions/sessions.service';
import { setStaffRoles } from '@souk/domain/identity/staff/staff-roles.service';
import { allPermissions } from '@souk/domain/kernel/access';
import type { Id } from '@souk/domain/kernel/ids';
import { givenCustomersOf } from '@souk/domain/testing/customers';
import type { TestDatabase } from '@souk/domain/testing/database';
import { givenShop } from '@souk/domain/testing/people';
import type { TestApi } from './app.ts';

let roles = 0;

/** A shop of a test whose people and keys come to the API's door with good credentials. */
export async function givenShopAtDoor(db: TestDatabase, api: TestApi) {
  const shop = await givenShop(db);
  const { run } = api.parts.database;
  // The system holds every word, so it may give any.
  const system = { ...shop.system, permissions: new Set<string>(allPermissions().map(({ name }) => name)) };

  const tokenOf = async (staffId: Id<'stf'>) => {
    const { sessionId } = await run(system, (ctx) => openSession(ctx, staffId));
    const { accessToken } = await api.parts.accessTokens.sign({ companyId: shop.companyId, staffId, sessionId });
    return { sessionId, token: accessToken };
  };
  const customers = givenCustomersOf(db, shop.companyId);
  return {
    ...shop,
    system,
    /** Registers a customer and logs them in. */
    customer: async (email?: string) => {
      const { id: customerId, ...row } = await customers.register(email === undefined ? {} : { email });
      const { sessionId } = await run(customers.session, (ctx) => openCustomerSession(ctx, customerId));
      const claims = { companyId: shop.companyId, customerId, sessionId };
      const { accessToken } = await api.parts.customerTokens.sign(claims);
      return { id: customerId, email: row.email, sessionId, token: accessToken };
    },
    mint: (input: Partial<NewApiKey>) =>
      run(system, (ctx) => mintKey(ctx, { name: 'A key', type: 'publishable', scopes: ['store.read'], ...input })),
    /** Hires somebody with a system role and logs them in. */
    loggedIn: async (role: Parameters<typeof shop.hire>[0]) => {
      const staff = await shop.hire(role);
      return { staff, session: await shop.as(staff), ...(await tokenOf(staff.id)) };
    },
    /** Hires somebody who may do exactly this, and logs them in. */
    loggedInWith: async (permissions: readonly string[]) => {
      const staff = await shop.hire('read_only');
      await run(system, async (ctx) => {
        const role = await createRole(ctx, { name: `Role ${++roles}`, description: '', permissions: [...permissions] });
        await setStaffRoles(ctx, staff.id, [role.id]);
      });
      return { staff, ...(await tokenOf(staff.id)) };
    },
  };
}
