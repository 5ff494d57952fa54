import { z } from 'zod';
import { email } from '../../kernel/text.ts';
import { customerProfile } from '../customers/customers.contract.ts';
import { password } from '../passwords/passwords.contract.ts';
import { tokens } from '../sessions/sessions.contract.ts';

export const customerLogin = z.strictObject({ email, password });
export type CustomerLogin = z.infer<typeof customerLogin>;

export const customerLoggedIn = z.object({ customer: customerProfile, tokens });
export type CustomerLoggedIn = z.infer<typeof customerLoggedIn>;
