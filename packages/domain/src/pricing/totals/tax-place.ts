import type { Settings } from '../../company/settings/setting-groups.ts';
import type { Place } from '../tax/tax-facts.ts';
import type { TaxPlaceSource } from './basket.ts';

/** The places a tax may be reckoned for. Null: nobody said yet. */
export interface KnownPlaces {
  readonly shipTo: Place | null;
  readonly billTo: Place | null;
  readonly company: Place;
}

export interface TaxPlace {
  readonly taxAt: Place;
  readonly taxAtFrom: TaxPlaceSource;
}

/**
 * The place taxes are reckoned for: the address the company's setting names; while it is not known, the other one; while
 * neither is, the company's own place, so that a shopper at home sees the price they will pay from the first line on.
 */
export function taxPlaceOf(basedOn: Settings<'tax'>['basedOn'], { shipTo, billTo, company }: KnownPlaces): TaxPlace {
  const ship = shipTo && ({ taxAt: shipTo, taxAtFrom: 'shipping_address' } as const);
  const bill = billTo && ({ taxAt: billTo, taxAtFrom: 'billing_address' } as const);
  const home = { taxAt: company, taxAtFrom: 'company' } as const;
  if (basedOn === 'company_address') return home;
  return (basedOn === 'shipping_address' ? (ship ?? bill) : (bill ?? ship)) ?? home;
}
