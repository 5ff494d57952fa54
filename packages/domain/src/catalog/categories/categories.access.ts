import { defineAccess } from '../../kernel/access.ts';

export const can = defineAccess('categories', {
  read: 'See the tree of categories',
  write: 'Make, change, move and delete categories',
});
