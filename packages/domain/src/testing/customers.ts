import { registerCustomer } from '../identity/customer-accounts/registration.service.ts';
import { logInCustomer } from '../identity/customer-sessions/customer-login.flow.ts';
import { openCustomerSession } from '../identity/customer-sessions/customer-sessions.service.ts';
import type { CustomerTokens } from '../identity/customer-sessions/customer-tokens.ts';
import type { AboutCustomer } from '../identity/customers/customers.contract.ts';
import { customerByEmail } from '../identity/customers/customers.service.ts';
import { hashPassword } from '../identity/passwords/password-hash.ts';
import type { Session } from '../kernel/ctx.ts';
import { type CompanyId, newId } from '../kernel/ids.ts';
import type { TestDatabase } from './database.ts';
import { PASSWORD, visitor } from './people.ts';
import { countingAttempts } from './ports.ts';

/** Tokens of customers that say what they hold: for tests of flows. The real ones are tested in the platform package. */
export const fakeCustomerTokens: CustomerTokens = {
  sign: async (claims) => ({ accessToken: Buffer.from(JSON.stringify(claims)).toString('base64url'), expiresIn: 900 }),
  verify: async (token) => JSON.parse(Buffer.from(token, 'base64url').toString()),
};

let hash: Promise<string> | undefined;
let registered = 0;

/** A storefront's session: its key, nobody logged in. */
export const storefrontSession = (companyId: CompanyId): Session => ({
  companyId,
  ...visitor,
  actor: { type: 'key', id: newId('key') },
  permissions: new Set(['customers.write']),
  isShopper: true,
});

/** What tests of customers do all the time, in one company. */
export function givenCustomersOf(db: TestDatabase, companyId: CompanyId) {
  const { run } = db.app;
  const session = storefrontSession(companyId);
  return {
    session,
    /** Registers somebody; their password is `PASSWORD`. */
    register: async (about: Partial<AboutCustomer> = {}) => {
      hash ??= hashPassword(PASSWORD);
      const passwordHash = await hash;
      const email = about.email ?? `customer${++registered}@example.com`;
      const row = await run(session, async (ctx) => {
        await registerCustomer(ctx, { ...about, email }, passwordHash);
        return customerByEmail(ctx, email);
      });
      if (!row) throw new Error(`${email} is not registered`);
      return row;
    },
    /** The session of a logged-in customer. */
    as: async (id: `cus_${string}`): Promise<Session> => {
      const { sessionId } = await run(session, (ctx) => openCustomerSession(ctx, id));
      return { ...session, actor: { type: 'customer', id }, customerSessionId: sessionId };
    },
    logIn: (email: string, password = PASSWORD) =>
      logInCustomer(run, { attempts: countingAttempts(), customerTokens: fakeCustomerTokens }, session, {
        email,
        password,
      }),
  };
}
