import { z } from 'zod';
import { companyView } from '../../company/companies/companies.contract.ts';
import { tokens } from '../../identity/sessions/sessions.contract.ts';
import { staffView } from '../../identity/staff/staff.contract.ts';

export const sandboxOpened = z.object({ company: companyView, staff: staffView, tokens });
export type SandboxOpened = z.infer<typeof sandboxOpened>;
