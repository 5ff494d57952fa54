import { defineAccess, defineScopes } from '../../kernel/access.ts';

export const can = defineAccess('company', {
  read: 'See the company and its standing',
  write: 'Change the name, the country and the time zone of the company',
  own: 'Own the company: appoint owners and make its sandbox',
});

/** What a storefront's key needs to learn whose shop it is. */
export const storeScope = defineScopes(
  'store',
  { read: 'See the name, the currency and the look of the shop' },
  { publishable: true },
);
