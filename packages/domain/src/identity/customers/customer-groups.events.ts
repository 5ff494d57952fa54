import { z } from 'zod';
import { defineEvent } from '../../kernel/events.ts';
import { idOf } from '../../kernel/ids.ts';
import { customerGroupView } from './customer-groups.contract.ts';

const data = z.object({ customerGroup: customerGroupView });
const sample: z.input<typeof data> = {
  customerGroup: {
    id: 'cgr_01h455vb4pex5vsknk084sn02q',
    name: 'Wholesale',
    description: '',
    version: 1,
    createdAt: '2026-11-21T09:00:00.000Z',
    updatedAt: '2026-11-21T09:00:00.000Z',
  },
};

export const customerGroupCreated = defineEvent('customer_group.created', data, {
  about: 'A group of customers was made.',
  sample,
});
export const customerGroupUpdated = defineEvent('customer_group.updated', data, {
  about: 'A group of customers was renamed or described anew.',
  sample,
});
export const customerGroupDeleted = defineEvent('customer_group.deleted', data, {
  about: 'A group of customers was deleted.',
  sample,
});
/** Who came into the group, or left it; at most a thousand at once. */
const members = data.extend({ customerIds: z.array(idOf('cus')) });
const membersSample = { ...sample, customerIds: ['cus_01h455vb4pex5vsknk084sn02q'] };
export const customerGroupJoined = defineEvent('customer_group.members_added', members, {
  about: 'Customers came into a group, at most a thousand in one event.',
  sample: membersSample,
});
export const customerGroupLeft = defineEvent('customer_group.members_removed', members, {
  about: 'Customers left a group, at most a thousand in one event.',
  sample: membersSample,
});
