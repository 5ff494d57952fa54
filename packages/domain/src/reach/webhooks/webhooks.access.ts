import { defineAccess } from '../../kernel/access.ts';

export const can = defineAccess('webhooks', {
  read: 'See webhook endpoints, and what was delivered to them',
  write: 'Add, change and remove webhook endpoints, send test events, deliver again',
});
