import { defineAccess } from '../../kernel/access.ts';

export const can = defineAccess('fulfilments', {
  read: 'See what is being sent, and where it is',
  write: 'Pack, ship and deliver orders, and take goods back',
});
