import { defineAccess, defineScopes } from '../../kernel/access.ts';

export const can = defineAccess('customers', {
  read: 'See customers, their addresses and groups, and export what is held about one',
  write: 'Make, change, disable and group customers',
  erase: 'Erase a customer: their name and addresses are gone for good',
});

/** The same word as a permission: at the storefront it opens registration, login and what customers do to their own. */
export const customersScope = defineScopes(
  'customers',
  { write: 'Register and log in customers, and act for who is logged in' },
  { publishable: true },
);
