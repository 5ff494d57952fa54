import { defineAccess, defineScopes } from '../../kernel/access.ts';

export const can = defineAccess('orders', {
  read: 'See orders, their lines and their history',
  write: 'Correct orders: notes, tags and addresses',
});

export const orderScope = defineScopes(
  'orders',
  { read: 'See an order with its token or as its customer' },
  { publishable: true },
);
