import { defineAccess } from '../../kernel/access.ts';

export const can = defineAccess('notifications', {
  read: 'See the mails that were sent, and their templates',
  write: 'Change the templates of mails, and send a mail again',
});
