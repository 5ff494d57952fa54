import { z } from 'zod';
import { companyView, newCompany } from '../../company/companies/companies.contract.ts';
import { newPassword } from '../../identity/passwords/passwords.contract.ts';
import { tokens } from '../../identity/sessions/sessions.contract.ts';
import { staffName, staffView } from '../../identity/staff/staff.contract.ts';
import { idOf } from '../../kernel/ids.ts';
import { email } from '../../kernel/text.ts';

const INVITATION_MAX = 1_000;

export const registrationInput = z.strictObject({
  company: newCompany,
  owner: z.strictObject({ name: staffName, email, password: newPassword }),
  invitation: z
    .string()
    .max(INVITATION_MAX)
    .optional()
    .meta({ description: 'Needed where registration is by invitation.' }),
});
export type RegistrationInput = z.infer<typeof registrationInput>;

export const registered = z.object({
  company: companyView,
  staff: staffView,
  tokens,
  apiKey: z.object({
    id: idOf('key'),
    key: z.string().meta({ description: 'The first publishable key, shown this once.' }),
  }),
});
export type Registered = z.infer<typeof registered>;
