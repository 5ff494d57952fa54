import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { listQuery, pageOf } from '../../kernel/page.ts';
import { prose, text } from '../../kernel/text.ts';

export const CUSTOMER_GROUPS_MAX = 1_000;
const GROUP_NAME_MAX = 80;
const DESCRIPTION_MAX = 500;
/** As many as a list in a body may have (`strict-json.ts`). */
const MEMBERS_PER_REQUEST_MAX = 500;

const name = text(GROUP_NAME_MAX).meta({ example: 'Wholesale' });

export const newCustomerGroup = z.strictObject({ name, description: prose(DESCRIPTION_MAX).default('') });
export type NewCustomerGroup = z.infer<typeof newCustomerGroup>;

export const customerGroupPatch = z.strictObject({
  name: name.optional(),
  description: prose(DESCRIPTION_MAX).optional(),
});
export type CustomerGroupPatch = z.infer<typeof customerGroupPatch>;

export const customerGroupView = z.object({
  id: idOf('cgr'),
  name: z.string(),
  description: z.string(),
  version: z.int(),
  createdAt: instant,
  updatedAt: instant,
});
export type CustomerGroupView = z.infer<typeof customerGroupView>;

export const customerGroupsPage = pageOf(customerGroupView);
export const customerGroupsQuery = listQuery;

export const groupMembers = z.strictObject({
  customerIds: z.array(idOf('cus')).min(1).max(MEMBERS_PER_REQUEST_MAX),
});
export type GroupMembers = z.infer<typeof groupMembers>;
