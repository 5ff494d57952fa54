import { createHash } from 'node:crypto';

/** As Paystack's dashboard shows them. Every key of this form is an account of its own here, made when it is first used. */
const SECRET_KEY = /^sk_(live|test)_[A-Za-z0-9]{10,190}$/;
const INTEGRATIONS = 900_000;

export interface PaystackAccount {
  secretKey: string;
  domain: 'live' | 'test';
  /** Paystack's number of the business. */
  integration: number;
  /** Where its notices go; undefined: to the hook of the company that the transaction's metadata names. */
  webhookUrl: string | undefined;
  /** Its owner made a new key in the dashboard: with this one nothing is let in any more. */
  isRevoked?: boolean;
}

/** The businesses that Paystack knows, one for each secret key. */
export class PaystackAccounts {
  readonly #byKey = new Map<string, PaystackAccount>();

  /** The account of a key; undefined if no key looks like that. */
  of(secretKey: string): PaystackAccount | undefined {
    const known = this.#byKey.get(secretKey);
    if (known) return known;
    const form = SECRET_KEY.exec(secretKey);
    if (!form) return undefined;
    // By its key, so that a restart gives the same.
    const number = createHash('sha256').update(secretKey).digest().readUInt32BE(0);
    const account: PaystackAccount = {
      secretKey,
      domain: form[1] === 'live' ? 'live' : 'test',
      integration: 100_000 + (number % INTEGRATIONS),
      webhookUrl: undefined,
    };
    this.#byKey.set(secretKey, account);
    return account;
  }

  all(): PaystackAccount[] {
    return [...this.#byKey.values()];
  }

  load(accounts: readonly PaystackAccount[]): void {
    for (const account of accounts) this.#byKey.set(account.secretKey, account);
  }

  clear(): void {
    this.#byKey.clear();
  }
}
