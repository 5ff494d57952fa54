/** What an address allows: one method on one object, of one type, until a moment. */
export interface Allowance {
  method: 'PUT' | 'GET';
  key: string;
  contentType: string;
  /** Of an upload: exactly so many. */
  sizeBytes?: number;
  /** Of a download: what the browser calls it. */
  fileName?: string;
  /** Unix seconds. */
  expiresAt: number;
}

/** Addresses that carry their own right: whoever has one may use it, for what it says and as long as it says. */
export interface SignedAddresses {
  /** The address. */
  sign(what: Allowance): string;
  /** Whether the signature is ours, for exactly this, and not expired. Compared in constant time. */
  isGood(what: Allowance, signature: string): boolean;
}
