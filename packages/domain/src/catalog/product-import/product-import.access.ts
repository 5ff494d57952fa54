import { defineAccess } from '../../kernel/access.ts';

export const can = defineAccess('product_imports', {
  read: 'See the imports of products, how far they are and what they refused',
  write: 'Import products from a file, and stop an import; what is imported also needs the rights to products',
});
