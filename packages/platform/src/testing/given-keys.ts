import { mintKey } from '@souk/domain/identity/api-keys/api-keys.service';
import type { NewApiKey } from '@souk/domain/identity/api-keys/api-keys.contract';
import { openSession } from '@souk/domain/identity/sessions/sessions.service';
import type { Session } from '@souk/domain/kernel/ctx';
import type { TestDatabase } from '@souk/domain/testing/database';
import { givenShop } from '@souk/domain/testing/people';
import type { TestApi } from './app.ts';

/** A shop of a test whose people and keys come to the API's door with good credentials. */
export async function givenShopAtDoor(db: TestDatabase, api: TestApi) {
  const shop = await givenShop(db);
  const { run } = api.parts.database;
  const mint = (input: Partial<NewApiKey>) => {
    const key: NewApiKey = { name: 'A key', type: 'publishable', scopes: ['store.read'], ...input } as NewApiKey; // whole with the defaults
    return run(shop.system, (ctx) => mintKey(ctx, key));
  };
  return {
    ...shop,
    mint,
    /** Hires somebody with a system role and logs them in. */
    loggedIn: async (role: Parameters<typeof shop.hire>[0]) => {
      const staff = await shop.hire(role);
      const session: Session = await shop.as(staff);
      const { sessionId } = await run(session, (ctx) => openSession(ctx, staff.id));
      const { accessToken } = await api.parts.accessTokens.sign({ companyId: shop.companyId, staffId: staff.id, sessionId });
      return { staff, sessionId, token: accessToken, session };
    },
  };
}
