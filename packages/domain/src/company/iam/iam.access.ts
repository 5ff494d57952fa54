import { defineAccess } from '../../kernel/access.ts';

export const can = defineAccess('roles', {
  read: 'See the roles and what each of them may do',
  write: 'Make, change, copy and delete roles, within what one holds oneself',
});
