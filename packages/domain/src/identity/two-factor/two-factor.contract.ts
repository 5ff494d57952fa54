import { z } from 'zod';
import { email } from '../../kernel/text.ts';
import { password, typedHandle } from '../passwords/passwords.contract.ts';
import { tokens } from '../sessions/sessions.contract.ts';
import { staffView } from '../staff/staff.contract.ts';

const CODE_MAX = 40;
const MFA_TOKEN_MAX = 1_000;

/** Six digits of the authenticator app, or a recovery code. Spaces and dashes do not matter. */
export const twoFactorCode = z
  .string()
  .trim()
  .min(6)
  .max(CODE_MAX)
  .regex(/^[A-Za-z0-9 -]+$/, { error: 'Expected the six digits of your app, or a recovery code.' })
  .meta({ example: '123456' });

export const loginInput = z.strictObject({ company: typedHandle, email, password });
export type LoginInput = z.infer<typeof loginInput>;

export const loggedIn = z.object({ staff: staffView, tokens });
export type LoggedIn = z.infer<typeof loggedIn>;

/** The password was right; a code is missing. */
export const mfaNeeded = z.object({
  mfa: z.object({ token: z.string().meta({ description: 'For POST /v1/auth/mfa, for five minutes.' }) }),
});
export const loginResult = z.union([loggedIn, mfaNeeded]);
export type LoginResult = z.infer<typeof loginResult>;

export const mfaInput = z.strictObject({ token: z.string().min(1).max(MFA_TOKEN_MAX), code: twoFactorCode });
export type MfaInput = z.infer<typeof mfaInput>;

export const twoFactorStatus = z.object({ enabled: z.boolean(), recoveryCodesLeft: z.int() });
export type TwoFactorStatus = z.infer<typeof twoFactorStatus>;

export const twoFactorStart = z.strictObject({ password });

/** Shown once, for the authenticator app. */
export const twoFactorSetup = z.object({
  secret: z.string().meta({ description: 'Base32, to be typed into an authenticator app.' }),
  url: z.string().meta({ description: 'otpauth:// URL, to be shown as a QR code.' }),
});
export type TwoFactorSetup = z.infer<typeof twoFactorSetup>;

export const twoFactorConfirmation = z.strictObject({ code: twoFactorCode });

/** Turning it off, or getting new recovery codes, needs both factors once more. */
export const twoFactorProof = z.strictObject({ password, code: twoFactorCode });
export type TwoFactorProof = z.infer<typeof twoFactorProof>;

/** Shown once. Each is good once. */
export const recoveryCodesShown = z.object({ recoveryCodes: z.array(z.string()) });
export type RecoveryCodesShown = z.infer<typeof recoveryCodesShown>;
