import { randomBytes } from 'node:crypto';
import { and, desc, eq, getTableColumns, gt, isNull, or, sql } from 'drizzle-orm';
import type { Tx } from '../../kernel/ctx.ts';
import { currentSealPrefix, SealBroken, seal, unseal } from '../../kernel/sealing.ts';
import { signingKeys, type TokenAudience } from './signing-keys.schema.ts';

/** Every process reads the keys again at least this often, whenever it signs or verifies. */
export const KEYS_AGE_MAX_SECONDS = 60;
/** A new key signs only when every process has read it: twice their pause, so that a slow commit or load does no harm. */
const SETTLING_SECONDS = 2 * KEYS_AGE_MAX_SECONDS;
/** A retired key verifies for this long: the life of what it signed, and time for every process to notice. */
const RETIRED_VERIFIES_MINUTES = 60;
const SECRET_BYTES = 32; // HS256: as long as its hash (RFC 7518, 3.2)
const KID_BYTES = 12;
/** One process at a time makes keys. */
const SIGNING_KEYS_LOCK = 5_316_802;

export interface SigningKey {
  readonly kid: string;
  readonly secret: Buffer;
  /** True for one of them: the newest that every process knows by now; while there is none such, the oldest. */
  readonly signs: boolean;
  /** From then on it only verifies. */
  readonly retiredAt: string | null;
}

const boundTo = (kid: string) => `signing_keys|sealed|${kid}`;

/**
 * The keys that may verify, newest first; the one that `signs` is told by the database's clock. Run in a transaction of
 * no company.
 * A key sealed with a master key that was taken away is left out: its tokens are over, nothing else is.
 */
export async function loadSigningKeys(tx: Tx, audience: TokenAudience): Promise<SigningKey[]> {
  const rows = await tx
    .select({
      ...getTableColumns(signingKeys),
      isRetired: sql<boolean>`coalesce(${signingKeys.retiredAt} <= now(), false)`,
      isSettled: sql<boolean>`${signingKeys.createdAt} <= now() - make_interval(secs => ${SETTLING_SECONDS})`,
    })
    .from(signingKeys)
    .where(and(eq(signingKeys.audience, audience), mayVerify()))
    .orderBy(desc(signingKeys.createdAt), desc(signingKeys.kid));
  const keys = rows.flatMap((row) => {
    const secret = opened(row.sealed, row.kid);
    return secret ? [{ ...row, secret }] : [];
  });
  const mine = keys.filter(({ isRetired }) => !isRetired);
  const signer = mine.find(({ isSettled }) => isSettled) ?? mine.at(-1);
  return keys.map(({ kid, secret, retiredAt }) => ({ kid, secret, retiredAt, signs: kid === signer?.kid }));
}

/** Makes the first key if there is none that signs. May run at every start, in all processes at once. */
export async function ensureSigningKey(tx: Tx, audience: TokenAudience): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(${SIGNING_KEYS_LOCK})`);
  const keys = await loadSigningKeys(tx, audience);
  if (!keys.some(({ retiredAt }) => retiredAt === null)) await addKey(tx, audience);
}

/**
 * Makes a new key. It signs in two minutes, when every process knows it: a token of a key that others have not read yet
 * would be refused there. Until then the one before it signs. What that one signed stays good until it expires.
 */
export async function rotateSigningKey(tx: Tx, audience: TokenAudience): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(${SIGNING_KEYS_LOCK})`);
  await tx
    .update(signingKeys)
    .set({ retiredAt: sql`now() + make_interval(secs => ${SETTLING_SECONDS})` })
    .where(and(eq(signingKeys.audience, audience), isNull(signingKeys.retiredAt)));
  await addKey(tx, audience);
}

/**
 * Seals the keys that may verify, of all audiences, with the current master key where an older one sealed them. Their
 * secrets stay: tokens already given out stay good. One that does not open is passed over, as when loading. Returns how
 * many were sealed anew. They belong to no company, so no audit log tells of it.
 */
export async function resealSigningKeys(tx: Tx): Promise<number> {
  await tx.execute(sql`select pg_advisory_xact_lock(${SIGNING_KEYS_LOCK})`);
  const rows = await tx.select().from(signingKeys).where(mayVerify());
  const old = rows.flatMap(({ kid, sealed }) => {
    const secret = sealed.startsWith(currentSealPrefix()) ? undefined : opened(sealed, kid);
    return secret ? [{ kid, secret }] : [];
  });
  for (const { kid, secret } of old) {
    const sealed = seal(secret.toString('base64'), boundTo(kid));
    await tx.update(signingKeys).set({ sealed }).where(eq(signingKeys.kid, kid));
  }
  return old.length;
}

const mayVerify = () =>
  or(
    isNull(signingKeys.retiredAt),
    gt(signingKeys.retiredAt, sql`now() - make_interval(mins => ${RETIRED_VERIFIES_MINUTES})`),
  );

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
