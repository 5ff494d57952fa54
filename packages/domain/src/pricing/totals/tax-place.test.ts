import { expect, test } from 'vitest';
import { taxPlaceOf } from './tax-place.ts';

const [shipTo, billTo, company] = [{ country: 'GH' }, { country: 'KE' }, { country: 'NG' }];

test('taxes follow the address the setting names, else the other one, else the company', () => {
  const placeBy = (basedOn: Parameters<typeof taxPlaceOf>[0], known: Partial<Parameters<typeof taxPlaceOf>[1]>) =>
    taxPlaceOf(basedOn, { shipTo: null, billTo: null, company, ...known }).taxAtFrom;
  expect(placeBy('shipping_address', { shipTo, billTo })).toBe('shipping_address');
  expect(placeBy('shipping_address', { billTo })).toBe('billing_address');
  expect(placeBy('billing_address', { shipTo, billTo })).toBe('billing_address');
  expect(placeBy('billing_address', { shipTo })).toBe('shipping_address');
  expect(placeBy('company_address', { shipTo, billTo })).toBe('company');
  for (const basedOn of ['shipping_address', 'billing_address'] as const) expect(placeBy(basedOn, {})).toBe('company');
  expect(taxPlaceOf('billing_address', { shipTo, billTo, company }).taxAt).toBe(billTo);
});
