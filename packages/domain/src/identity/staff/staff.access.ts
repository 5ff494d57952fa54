import { defineAccess } from '../../kernel/access.ts';

export const can = defineAccess('staff', {
  read: 'See who works here, with which roles, and who is invited',
  write: 'Invite people, change their roles, disable and enable them',
});
