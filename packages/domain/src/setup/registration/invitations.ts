import { z } from 'zod';
import { SealBroken, seal, unseal } from '../../kernel/sealing.ts';
import { emailKey } from '../../kernel/text.ts';

export const INVITATION_DAYS = 7;
const PURPOSE = 'registration|invitation';
const content = z.strictObject({ handle: z.string(), emailKey: z.string(), expiresAt: z.number() });

/**
 * An operator's invitation to register one company. Sealed, so it needs no row; bound to the handle, so it is good once:
 * a handle is taken only once.
 */
export function writeInvitation({ handle, email }: { handle: string; email: string }, now: Date): string {
  const expiresAt = now.getTime() + INVITATION_DAYS * 86_400_000;
  return seal(JSON.stringify({ handle, emailKey: emailKey(email), expiresAt }), PURPOSE);
}

/** Whether the invitation is ours, in time, and for this handle and address. */
export function invites(invitation: string, { handle, email }: { handle: string; email: string }, now: Date): boolean {
  try {
    const found = content.parse(JSON.parse(unseal(invitation, PURPOSE)));
    return found.handle === handle && found.emailKey === emailKey(email) && found.expiresAt > now.getTime();
  } catch (error) {
    if (error instanceof SealBroken) return false;
    throw error;
  }
}
