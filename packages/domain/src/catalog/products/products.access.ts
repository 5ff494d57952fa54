import { defineAccess } from '../../kernel/access.ts';

export const can = defineAccess('products', {
  read: 'See all products with their prices, drafts and archived ones as well',
  write: 'Make and change products, variants and prices',
  approve: 'Publish products without asking, and approve or reject those of others',
});
