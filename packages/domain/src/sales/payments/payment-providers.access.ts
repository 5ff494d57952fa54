import { defineAccess } from '../../kernel/access.ts';

export const can = defineAccess('payment_providers', {
  read: 'See how the company is paid, never its credentials',
  write: 'Set up and remove ways to be paid, with their credentials',
});
