import { defineAccess } from '../../kernel/access.ts';

export const can = defineAccess('tax', {
  read: 'See what is taxed where',
  write: 'Make, change and delete tax rates',
});
