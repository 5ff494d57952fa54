import type { CompanyView } from '../../company/companies/companies.contract.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { createShippingOption } from './options.service.ts';
import { createShippingZone } from './zones.service.ts';

/** The way of delivery every company is born with. */
export const FIRST_OPTION_NAME = 'Standard delivery';

/**
 * What every company is born with: the default profile, a zone for its own country, and one way of delivery there that
 * costs nothing until somebody says what it costs. Registration calls this.
 */
export async function createFirstShipping(
  ctx: Ctx,
  { country, currency }: Pick<CompanyView, 'country' | 'currency'>,
): Promise<void> {
  const name = new Intl.DisplayNames('en', { type: 'region' }).of(country) ?? country;
  const zone = await createShippingZone(ctx, { name, areas: [{ country, region: null, postcodePattern: null }] });
  await createShippingOption(ctx, {
    zoneId: zone.id,
    name: FIRST_OPTION_NAME,
    description: '',
    basis: 'flat',
    rates: [{ from: 0, price: { amount: 0, currency } }],
    freeOver: [],
    weightMaxGrams: null,
    daysMin: null,
    daysMax: null,
    position: 0,
    isActive: true,
  });
}
