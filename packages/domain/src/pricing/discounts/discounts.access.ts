import { defineAccess } from '../../kernel/access.ts';

export const can = defineAccess('discounts', {
  read: 'See discounts, their codes and who used them, and try them out',
  write: 'Make, change, pause and archive discounts and their codes',
});
