import { randomBytes } from 'node:crypto';
import { and, desc, eq, gt, isNull, or, sql } from 'drizzle-orm';
import type { Tx } from '../../kernel/ctx.ts';
import { SealBroken, seal, unseal } from '../../kernel/sealing.ts';
import { signingKeys, type TokenAudience } from './signing-keys.schema.ts';

/** A retired key verifies for this long: the life of what it signed, and time for every process to notice. */
const RETIRED_VERIFIES_MINUTES = 60;
const SECRET_BYTES = 32; // HS256: as long as its hash (RFC 7518, 3.2)
const KID_BYTES = 12;
/** One process at a time makes keys. */
const SIGNING_KEYS_LOCK = 5_316_802;

export interface SigningKey {
  readonly kid: string;
  readonly secret: Buffer;
  /** Set: it only verifies. */
  readonly retiredAt: string | null;
}

const boundTo = (kid: string) => `signing_keys|sealed|${kid}`;

/**
 * The keys that may verify, newest first; the first one without `retiredAt` signs. Run in a transaction of no company.
 * A key sealed with a master key that was taken away is left out: its tokens are over, nothing else is.
 */
export async function loadSigningKeys(tx: Tx, audience: TokenAudience): Promise<SigningKey[]> {
  const isFresh = gt(signingKeys.retiredAt, sql`now() - make_interval(mins => ${RETIRED_VERIFIES_MINUTES})`);
  const rows = await tx
    .select()
    .from(signingKeys)
    .where(and(eq(signingKeys.audience, audience), or(isNull(signingKeys.retiredAt), isFresh)))
    .orderBy(desc(signingKeys.createdAt), desc(signingKeys.kid));
  return rows.flatMap(({ kid, sealed, retiredAt }) => {
    const secret = opened(sealed, kid);
    return secret ? [{ kid, secret, retiredAt }] : [];
  });
}

/** Makes the first key if there is none that signs. May run at every start, in all processes at once. */
export async function ensureSigningKey(tx: Tx, audience: TokenAudience): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(${SIGNING_KEYS_LOCK})`);
  const keys = await loadSigningKeys(tx, audience);
  if (!keys.some(({ retiredAt }) => retiredAt === null)) await addKey(tx, audience);
}

/** Makes a new key and retires the ones before it. What they signed stays good until it expires. */
export async function rotateSigningKey(tx: Tx, audience: TokenAudience): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(${SIGNING_KEYS_LOCK})`);
  await tx
    .update(signingKeys)
    .set({ retiredAt: sql`now()` })
    .where(and(eq(signingKeys.audience, audience), isNull(signingKeys.retiredAt)));
  await addKey(tx, audience);
}

async function addKey(tx: Tx, audience: TokenAudience): Promise<void> {
  const kid = randomBytes(KID_BYTES).toString('hex');
  const sealed = seal(randomBytes(SECRET_BYTES).toString('base64'), boundTo(kid));
  await tx.insert(signingKeys).values({ kid, audience, sealed });
}

function opened(sealed: string, kid: string): Buffer | undefined {
  try {
    return Buffer.from(unseal(sealed, boundTo(kid)), 'base64');
  } catch (error) {
    if (error instanceof SealBroken) return undefined;
    throw error;
  }
}
