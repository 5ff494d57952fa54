import { defineAccess } from '../../kernel/access.ts';

export const can = defineAccess('shipping', {
  read: 'See where the shop ships and what it costs',
  write: 'Make, change and delete shipping profiles, zones and options',
});
