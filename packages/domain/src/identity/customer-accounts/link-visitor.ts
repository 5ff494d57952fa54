import type { Session } from '../../kernel/ctx.ts';
import { readToken } from '../sessions/opaque-token.ts';
import { type Visitor, visitorIn } from '../sessions/visitor.ts';
import { CustomerLinkRefused } from './customer-accounts.errors.ts';

/**
 * Whoever comes with the link of a mail and no key, in the company the link names: a shopper, so nothing of where they are
 * goes into the audit log. Throws `CustomerLinkRefused`.
 */
export function linkVisitor(token: string, visitor: Visitor): Session {
  const read = readToken('ctk', token);
  if (!read) throw new CustomerLinkRefused();
  return { ...visitorIn(read.companyId, visitor), isShopper: true };
}
