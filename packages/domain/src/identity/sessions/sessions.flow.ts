import type { Run } from '../../kernel/ctx.ts';
import type { CompanyId, Id } from '../../kernel/ids.ts';
import type { AccessTokens } from './access-tokens.ts';
import { readToken } from './opaque-token.ts';
import { rotate } from './rotation.service.ts';
import type { RefreshInput, Tokens } from './sessions.contract.ts';
import { RefreshRefused } from './sessions.errors.ts';
import type { OpenedSession } from './sessions.service.ts';
import { type Visitor, visitorIn } from './visitor.ts';

/** The tokens of a session that was opened or refreshed; the access token is signed here, outside any transaction. */
export async function tokensOf(
  accessTokens: AccessTokens,
  who: { companyId: CompanyId; staffId: Id<'stf'> },
  { sessionId, refreshToken }: OpenedSession,
): Promise<Tokens> {
  const { accessToken, expiresIn } = await accessTokens.sign({ ...who, sessionId });
  return { accessToken, refreshToken, expiresIn };
}

/** Exchanges a refresh token for new tokens. Throws `RefreshRefused`, whatever is wrong with it. */
export async function refresh(
  run: Run,
  { accessTokens }: { accessTokens: AccessTokens },
  visitor: Visitor,
  input: RefreshInput,
): Promise<{ tokens: Tokens }> {
  const read = readToken('rt', input.refreshToken);
  if (!read) throw new RefreshRefused();
  const rotation = await run(visitorIn(read.companyId, visitor), (ctx) => rotate(ctx, read.hash));
  // Only now: a throw inside would undo the end of a session whose token was stolen.
  if (rotation.outcome !== 'rotated') throw new RefreshRefused();
  const who = { companyId: read.companyId, staffId: rotation.staffId };
  return { tokens: await tokensOf(accessTokens, who, rotation) };
}
