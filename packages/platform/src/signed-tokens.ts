import { JwtService } from '@nestjs/jwt';
import { ACCESS_TOKEN_SECONDS } from '@souk/domain/identity/sessions/access-tokens';
import type { TokenAudience } from '@souk/domain/identity/sessions/signing-keys.schema';
import {
  KEYS_AGE_MAX_SECONDS,
  loadSigningKeys,
  type SigningKey,
} from '@souk/domain/identity/sessions/signing-keys.service';
import type { RunUnscoped } from '@souk/domain/kernel/ctx';
import { type CompanyId, type Id, type IdPrefix, idOf } from '@souk/domain/kernel/ids';
import { z } from 'zod';

export const ISSUER = 'urn:souk';
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
/** Whose tokens: which keys sign them, and what they say. */
export interface TokenFamily<P extends IdPrefix, S extends IdPrefix> {
  readonly keys: TokenAudience;
  /** `aud`. */
  readonly audience: string;
  readonly person: P;
  readonly session: S;
}

export interface PersonClaims<P extends IdPrefix, S extends IdPrefix> {
  readonly companyId: CompanyId;
  readonly personId: Id<P>;
  readonly sessionId: Id<S>;
}

const claimsOf = <P extends IdPrefix, S extends IdPrefix>({ audience, person, session }: TokenFamily<P, S>) =>
  z.object({
    iss: z.literal(ISSUER),
    aud: z.literal(audience),
    sub: idOf(person),
    company: idOf('com'),
    sid: idOf(session),
    iat: z.number(),
    nbf: z.number(),
    exp: z.number(),
  });

/** Signs and verifies the access tokens of one kind of people: one algorithm, and only their own keys of our own table. */
export class SignedTokens<P extends IdPrefix, S extends IdPrefix> {
  private readonly jwt = new JwtService();
  private keys = new Map<string, SigningKey>();
  private loadedAt = Number.NEGATIVE_INFINITY;
  private loading: Promise<void> | undefined;

  private readonly form: ReturnType<typeof claimsOf<P, S>>;

  constructor(
    private readonly family: TokenFamily<P, S>,
    private readonly unscoped: RunUnscoped,
    private readonly now: () => number,
  ) {
    this.form = claimsOf(family);
  }

  /** `expiresIn` in seconds. */
  async sign({
    companyId,
    personId,
    sessionId,
  }: PersonClaims<P, S>): Promise<{ accessToken: string; expiresIn: number }> {
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
        audience: this.family.audience,
        subject: personId,
        header: { alg: ALGORITHM, typ: TYPE, kid: key.kid },
      },
    );
    return { accessToken, expiresIn: ACCESS_TOKEN_SECONDS };
  }

  /** Undefined for anything that is not a good token of this family. */
  async verify(token: string): Promise<PersonClaims<P, S> | undefined> {
    const header = headerOf(token);
    if (!header) return undefined;
    const key = await this.keyNamed(header.kid);
    if (!key) return undefined;
    return this.readWith(key, token);
  }

  private async readWith(key: SigningKey, token: string): Promise<PersonClaims<P, S> | undefined> {
    try {
      const verified: unknown = await this.jwt.verifyAsync<Record<string, unknown>>(token, {
        secret: key.secret,
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        audience: this.family.audience,
        clockTolerance: LEEWAY_SECONDS,
        clockTimestamp: Math.floor(this.now() / 1000),
        // A token that claims to live longer than ours do was not made here.
        maxAge: ACCESS_TOKEN_SECONDS,
      });
      const { data } = this.form.safeParse(verified);
      return data && { companyId: data.company, personId: data.sub, sessionId: data.sid };
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
    this.loading ??= this.unscoped((tx) => loadSigningKeys(tx, this.family.keys))
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
