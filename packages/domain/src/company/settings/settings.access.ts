import { defineAccess } from '../../kernel/access.ts';

export const can = defineAccess('settings', {
  read: 'See the settings of the company',
  write: 'Change the settings of the company',
});
