import { defineAccess, defineScopes } from '../../kernel/access.ts';

export const can = defineAccess('api_keys', {
  read: 'See the API keys, their scopes and when they were last used',
  write: 'Make, rotate and revoke API keys, within what one holds oneself',
});

// These move to the modules that serve them: listing, carts, checkout, customers and orders.
export const listingScope = defineScopes(
  'listing',
  { read: 'See published products, categories and collections' },
  { publishable: true },
);
export const cartScope = defineScopes('carts', { write: 'Fill carts' }, { publishable: true });
export const checkoutScope = defineScopes('checkout', { write: 'Check out and pay' }, { publishable: true });
export const customerScope = defineScopes(
  'customers',
  { write: 'Register and log in customers' },
  { publishable: true },
);
export const orderScope = defineScopes(
  'orders',
  { read: 'See an order with its token or as its customer' },
  { publishable: true },
);
