import type { Session } from '../../kernel/ctx.ts';
import type { CompanyId, Id } from '../../kernel/ids.ts';

/** What is known of somebody who has not said who they are. */
export type Visitor = Pick<Session, 'requestId' | 'ip' | 'userAgent'>;

const NOTHING: ReadonlySet<string> = new Set();

/** A visitor at the door of a company: may do nothing, writes as nobody. */
export const visitorIn = (companyId: CompanyId, { requestId, ip, userAgent }: Visitor): Session => ({
  companyId,
  actor: { type: 'nobody', id: 'nobody' },
  permissions: NOTHING,
  requestId,
  ip,
  userAgent,
});

/** The same visitor once it is known who they are: what happens from here on is theirs in the audit log. */
export const knownAs = (session: Session, staffId: Id<'stf'>): Session => ({
  ...session,
  actor: { type: 'staff', id: staffId },
});

/** The signed-in staff member of a session. Throws on any other actor: the route lets only staff in. */
export function staffIdOf({ actor }: Pick<Session, 'actor'>): Id<'stf'> {
  if (actor.type !== 'staff')
    throw new Error(`a staff member is needed here, not ${actor.type}: the route must be @SignedIn()`);
  return actor.id;
}
