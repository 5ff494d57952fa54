import { defineAccess } from '../../kernel/access.ts';

export const can = defineAccess('collections', {
  read: 'See all collections with their rules and products',
  write: 'Make, change and delete collections, and choose what is in them',
});
