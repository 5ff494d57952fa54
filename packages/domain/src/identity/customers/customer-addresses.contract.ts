import { z } from 'zod';
import { postalAddress } from '../../company/companies/postal-address.contract.ts';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { listQuery, pageOf } from '../../kernel/page.ts';

export const ADDRESSES_MAX = 50;

const isDefault = (what: string) =>
  z.boolean().meta({ description: `The one that ${what} is filled in with. A customer has at most one such.` });
const defaults = { isDefaultShipping: isDefault('shipping'), isDefaultBilling: isDefault('billing') };

export const newCustomerAddress = z.strictObject({
  address: postalAddress,
  isDefaultShipping: defaults.isDefaultShipping
    .optional()
    .meta({ description: 'Left out: true of the first address.' }),
  isDefaultBilling: defaults.isDefaultBilling.optional().meta({ description: 'Left out: true of the first address.' }),
});
export type NewCustomerAddress = z.infer<typeof newCustomerAddress>;

/** An address is one value: what is sent replaces it. */
export const customerAddressPatch = z.strictObject({
  address: postalAddress.optional(),
  isDefaultShipping: defaults.isDefaultShipping.optional(),
  isDefaultBilling: defaults.isDefaultBilling.optional(),
});
export type CustomerAddressPatch = z.infer<typeof customerAddressPatch>;

export const customerAddressView = z.object({
  id: idOf('cadr'),
  address: postalAddress,
  ...defaults,
  createdAt: instant,
  updatedAt: instant,
});
export type CustomerAddressView = z.infer<typeof customerAddressView>;

export const customerAddressesPage = pageOf(customerAddressView);
export const customerAddressesQuery = listQuery;
