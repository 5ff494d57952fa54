import { defineScopes } from '../../kernel/access.ts';

export const listingScope = defineScopes(
  'listing',
  { read: 'See published products, categories and collections' },
  { publishable: true },
);
