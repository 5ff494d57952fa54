import { z } from 'zod';
import { text } from '../../kernel/text.ts';
import { countryCode } from './companies.contract.ts';

/** Where goods or bills go. Carts, orders and address books each hold a copy of their own. */
export const postalAddress = z.strictObject({
  firstName: text(80).optional(),
  lastName: text(80),
  organisation: text(120).optional(),
  line1: text(120),
  line2: text(120).optional(),
  city: text(80),
  region: text(80).optional().meta({ description: 'State or province, as a code (LA) or a name (Lagos).' }),
  postcode: text(20).optional(),
  country: countryCode,
  phone: text(40).optional(),
});
export type PostalAddress = z.infer<typeof postalAddress>;
