import { z } from 'zod';
import { email, text } from '../../kernel/text.ts';

const PASSWORD_MIN = 8;
/** Bounds the hashing; longer than anybody types (ASVS 5.0, 6.2.9 asks for at least 64). In bytes of UTF-8. */
const PASSWORD_BYTES_MAX = 1024;
const HANDLE_MAX = 80;
const TOKEN_MAX = 120;

const fits = (password: string) => Buffer.byteLength(password) <= PASSWORD_BYTES_MAX;

/** A password as it is given to log in. Never trimmed, folded or cut. */
export const password = z
  .string()
  .min(1)
  .max(PASSWORD_BYTES_MAX)
  .refine(fits, { error: `At most ${PASSWORD_BYTES_MAX} bytes.` })
  .meta({ format: 'password' });

/** A password somebody chooses. Words that are tried first are refused later (`password-rules.ts`). */
export const newPassword = z
  .string()
  .min(PASSWORD_MIN, { error: `At least ${PASSWORD_MIN} characters; 15 or more are better.` })
  .max(PASSWORD_BYTES_MAX)
  .refine(fits, { error: `At most ${PASSWORD_BYTES_MAX} bytes.` })
  .meta({ format: 'password', description: 'At least 8 characters; 15 or more are better. Any characters are fine.' });

/** A handle as it is typed at the door. Whether there is such a company must not show, so its form is not checked. */
export const typedHandle = text(HANDLE_MAX).meta({ example: 'ada-fabrics' });

export const passwordChange = z.strictObject({ currentPassword: password, newPassword });
export type PasswordChange = z.infer<typeof passwordChange>;

export const passwordResetRequest = z.strictObject({ company: typedHandle, email });
export type PasswordResetRequest = z.infer<typeof passwordResetRequest>;

export const passwordReset = z.strictObject({ token: z.string().min(1).max(TOKEN_MAX), password: newPassword });
export type PasswordReset = z.infer<typeof passwordReset>;
