import { defineAccess, defineScopes } from '../../kernel/access.ts';

export const can = defineAccess('api_keys', {
  read: 'See the API keys, their scopes and when they were last used',
  write: 'Make, rotate and revoke API keys, within what one holds oneself',
});

// Nothing serves these yet: each moves to its module (carts, checkout, customers, orders) when that comes.
defineScopes('carts', { write: 'Fill carts' }, { publishable: true });
defineScopes('checkout', { write: 'Check out and pay' }, { publishable: true });
defineScopes('customers', { write: 'Register and log in customers' }, { publishable: true });
defineScopes('orders', { read: 'See an order with its token or as its customer' }, { publishable: true });
