import { defineAccess } from '../../kernel/access.ts';

export const can = defineAccess('events', {
  read: 'See every event of the last thirty days, with all that it says',
});
