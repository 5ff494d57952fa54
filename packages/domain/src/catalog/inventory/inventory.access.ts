import { defineAccess } from '../../kernel/access.ts';

export const can = defineAccess('inventory', {
  read: 'See stock locations, levels, movements, reservations and transfers',
  write: 'Change stock: locations, counts, safety stock, transfers',
});
