import { JwtService } from '@nestjs/jwt';
import {
  ACCESS_TOKEN_SECONDS,
  type AccessClaims,
  type AccessTokens,
} from '@souk/domain/identity/sessions/access-tokens';
import {
  KEYS_AGE_MAX_SECONDS,
  loadSigningKeys,
  type SigningKey,
} from '@souk/domain/identity/sessions/signing-keys.service';
import type { RunUnscoped } from '@souk/domain/kernel/ctx';
import { idOf } from '@souk/domain/kernel/ids';
import { z } from 'zod';

export const ISSUER = 'urn:souk';
export const STAFF_AUDIENCE = 'souk:staff';
/** RFC 9068, 2.1: an access token says what it is, so that no other signed token passes for one. */
const TYPE = 'at+jwt';
const ALGORITHM = 'HS256';
const LEEWAY_SECONDS = 5;
/** A made-up `kid` makes us look for new keys, but not more often than this. */
const RELOAD_PAUSE_MS = 1_000;
/** Keys are read again at this age, so that a rotation elsewhere is noticed and a retired key ends. */
const KEYS_AGE_MAX_MS = KEYS_AGE_MAX_SECONDS * 1000;
const TOKEN_LENGTH_MAX = 2_000;

const headerForm = z.strictObject({
  alg: z.literal(ALGORITHM),
  typ: z.literal(TYPE),
  kid: z.string().regex(/^[0-9a-f]{24}$/),
});
const claimsForm = z.object({
  iss: z.literal(ISSUER),
  aud: z.literal(STAFF_AUDIENCE),
  sub: idOf('stf'),
  company: idOf('com'),
  sid: idOf('ses'),
  iat: z.number(),
  nbf: z.number(),
  exp: z.number(),
});

/** Signs and verifies the access tokens of staff: one algorithm, and only keys of our own table. */
export class SignedAccessTokens implements AccessTokens {
  private readonly jwt = new JwtService();
  private keys = new Map<string, SigningKey>();
  private loadedAt = Number.NEGATIVE_INFINITY;
  private loading: Promise<void> | undefined;

  constructor(
    private readonly unscoped: RunUnscoped,
    private readonly now: () => number = Date.now,
  ) {}

  async sign({ companyId, staffId, sessionId }: AccessClaims): Promise<{ accessToken: string; expiresIn: number }> {
    if (this.isOld(KEYS_AGE_MAX_MS)) await this.load();
    const key = [...this.keys.values()].find(({ signs }) => signs);
    if (!key) throw new Error('There is no key that signs access tokens; ensureSigningKey() makes one at start');
    const seconds = Math.floor(this.now() / 1000);
    const accessToken = await this.jwt.signAsync(
      { company: companyId, sid: sessionId, iat: seconds, nbf: seconds, exp: seconds + ACCESS_TOKEN_SECONDS },
      {
        secret: key.secret,
        algorithm: ALGORITHM,
        issuer: ISSUER,
        audience: STAFF_AUDIENCE,
        subject: staffId,
        header: { alg: ALGORITHM, typ: TYPE, kid: key.kid },
      },
    );
    return { accessToken, expiresIn: ACCESS_TOKEN_SECONDS };
  }

  async verify(token: string): Promise<AccessClaims | undefined> {
    const header = headerOf(token);
    if (!header) return undefined;
    const key = await this.keyNamed(header.kid);
    if (!key) return undefined;
    const claims = await this.claimsOf(token, key);
    return claims && { companyId: claims.company, staffId: claims.sub, sessionId: claims.sid };
  }

  private async claimsOf(token: string, key: SigningKey): Promise<z.infer<typeof claimsForm> | undefined> {
    try {
      const verified: unknown = await this.jwt.verifyAsync<Record<string, unknown>>(token, {
        secret: key.secret,
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        audience: STAFF_AUDIENCE,
        clockTolerance: LEEWAY_SECONDS,
        clockTimestamp: Math.floor(this.now() / 1000),
        // A token that claims to live longer than ours do was not made here.
        maxAge: ACCESS_TOKEN_SECONDS,
      });
      const parsed = claimsForm.safeParse(verified);
      return parsed.success ? parsed.data : undefined;
    } catch {
      return undefined;
    }
  }

  private async keyNamed(kid: string): Promise<SigningKey | undefined> {
    if (this.isOld(KEYS_AGE_MAX_MS) || (!this.keys.has(kid) && this.isOld(RELOAD_PAUSE_MS))) await this.load();
    return this.keys.get(kid);
  }

  private isOld(ageMs: number): boolean {
    return this.now() - this.loadedAt >= ageMs;
  }

  private load(): Promise<void> {
    const begunAt = this.now();
    this.loading ??= this.unscoped((tx) => loadSigningKeys(tx, 'staff'))
      .then((keys) => {
        this.keys = new Map(keys.map((key) => [key.kid, key]));
        this.loadedAt = begunAt;
      })
      .finally(() => {
        this.loading = undefined;
      });
    return this.loading;
  }
}

/** The header of a token that could be ours. Any other member (`jku`, `jwk`, `x5u`, `crit` …) makes it a stranger's. */
function headerOf(token: string): z.infer<typeof headerForm> | undefined {
  if (token.length > TOKEN_LENGTH_MAX || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return undefined;
  try {
    const text = Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString();
    const parsed = headerForm.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
