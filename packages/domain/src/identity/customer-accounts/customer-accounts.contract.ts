import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { email } from '../../kernel/text.ts';
import { aboutCustomer } from '../customers/customers.contract.ts';
import { newPassword, password } from '../passwords/passwords.contract.ts';

const TOKEN_MAX = 120;
const token = z
  .string()
  .min(1)
  .max(TOKEN_MAX)
  .meta({ description: 'What stands behind token= in the link of the mail.' });

export const customerRegistration = aboutCustomer.extend({ password: newPassword });
export type CustomerRegistration = z.infer<typeof customerRegistration>;

/** Without `password` only from the logged-in session of the customer the link is for. */
export const customerVerification = z.strictObject({
  token,
  password: password
    .optional()
    .meta({ description: 'Of the account. Needed unless the request carries the access token of its customer.' }),
});
export type CustomerVerification = z.infer<typeof customerVerification>;

export const customerResetRequest = z.strictObject({ email });
export type CustomerResetRequest = z.infer<typeof customerResetRequest>;

export const customerPasswordReset = z.strictObject({ token, password: newPassword });
export type CustomerPasswordReset = z.infer<typeof customerPasswordReset>;

export const customerEmailChange = z.strictObject({ email, password });
export type CustomerEmailChange = z.infer<typeof customerEmailChange>;

export const customerErasure = z.strictObject({ password });
export type CustomerErasure = z.infer<typeof customerErasure>;

/** All that is held about a person. What a part looks like is its module's affair. */
export const personalData = z.object({ exportedAt: instant }).catchall(z.unknown());
export type PersonalData = z.infer<typeof personalData>;
