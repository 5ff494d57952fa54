import { z } from 'zod';
import { countryCode } from '../../company/companies/companies.contract.ts';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { listQuery, pageOf } from '../../kernel/page.ts';
import { text } from '../../kernel/text.ts';

export const ZONES_MAX = 200;
const AREAS_PER_ZONE_MAX = 500;
const NAME_LENGTH_MAX = 80;
const REGION_LENGTH_MAX = 80;
const POSTCODE_PATTERN_LENGTH_MAX = 40;

const area = z.strictObject({
  country: countryCode,
  region: text(REGION_LENGTH_MAX).nullable().default(null).meta({
    description: 'State or province, as a code (CA) or a name (California); null: the whole country.',
  }),
  postcodePattern: text(POSTCODE_PATTERN_LENGTH_MAX).nullable().default(null).meta({
    description:
      'A beginning (`10`, `SW1`), a beginning with a star, a range (`10000..19999`, `BT1..BT17`); null or `*`: every postcode. A British beginning cuts neither letters nor numbers: `E1` is not `E16`, `E1*` is both.',
    example: '10000..19999',
  }),
});
export type ZoneArea = z.infer<typeof area>;

const name = text(NAME_LENGTH_MAX).meta({ example: 'Nigeria' });
const areas = z.array(area).min(1).max(AREAS_PER_ZONE_MAX).meta({
  description: 'A place that is in one of them is in the zone. Zones may overlap: all their options are offered.',
});

export const newShippingZone = z.strictObject({ name, areas });
export type NewShippingZone = z.infer<typeof newShippingZone>;

/** `areas` takes the place of all there were. */
export const shippingZonePatch = z.strictObject({ name: name.optional(), areas: areas.optional() });
export type ShippingZonePatch = z.infer<typeof shippingZonePatch>;

export const shippingZoneView = z.object({
  id: idOf('shz'),
  name: z.string(),
  areas: z.array(
    z.object({ country: z.string(), region: z.string().nullable(), postcodePattern: z.string().nullable() }),
  ),
  version: z.int(),
  createdAt: instant,
  updatedAt: instant,
});
export type ShippingZoneView = z.infer<typeof shippingZoneView>;

export const shippingZonesQuery = listQuery;
export const shippingZonesPage = pageOf(shippingZoneView);
