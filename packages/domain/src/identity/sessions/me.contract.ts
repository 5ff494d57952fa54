import { z } from 'zod';
import { companyView } from '../../company/companies/companies.contract.ts';
import { staffView } from '../staff/staff.contract.ts';

/** Who is signed in, where, and what they may do; what a page needs to know which buttons to show. */
export const me = z.object({ staff: staffView, company: companyView, permissions: z.array(z.string()) });
export type Me = z.infer<typeof me>;
