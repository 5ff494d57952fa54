import { z } from 'zod';
import { defineEvent } from '../../kernel/events.ts';
import { shippingOptionView } from './options.contract.ts';
import { shippingProfileView } from './profiles.contract.ts';
import { shippingZoneView } from './zones.contract.ts';

const times = { version: 1, createdAt: '2026-11-21T09:00:00.000Z', updatedAt: '2026-11-21T09:00:00.000Z' };
const ids = {
  profileId: 'shp_01h455vb4pex5vsknk084sn02q',
  zoneId: 'shz_01h455vb4pex5vsknk084sn02q',
} as const;

const profile = z.object({ shippingProfile: shippingProfileView });
const profileSample: z.input<typeof profile> = {
  shippingProfile: { id: ids.profileId, name: 'Bulky goods', isDefault: false, ...times },
};

export const shippingProfileCreated = defineEvent('shipping_profile.created', profile, {
  about: 'A shipping profile was made.',
  sample: profileSample,
});
/** Also when products were put into it by hand or taken out. */
export const shippingProfileUpdated = defineEvent('shipping_profile.updated', profile, {
  about: 'A shipping profile changed, or products were put into it by hand or taken out.',
  sample: profileSample,
});
export const shippingProfileDeleted = defineEvent('shipping_profile.deleted', profile, {
  about: 'A shipping profile was deleted; its products are sent like all others.',
  sample: profileSample,
});

const zone = z.object({ shippingZone: shippingZoneView });
const zoneSample: z.input<typeof zone> = {
  shippingZone: {
    id: ids.zoneId,
    name: 'Nigeria',
    areas: [{ country: 'NG', region: null, postcodePattern: null }],
    ...times,
  },
};

export const shippingZoneCreated = defineEvent('shipping_zone.created', zone, {
  about: 'A shipping zone was made.',
  sample: zoneSample,
});
export const shippingZoneUpdated = defineEvent('shipping_zone.updated', zone, {
  about: 'A shipping zone or its areas changed.',
  sample: zoneSample,
});
export const shippingZoneDeleted = defineEvent('shipping_zone.deleted', zone, {
  about: 'A shipping zone was deleted with its options.',
  sample: zoneSample,
});

const option = z.object({ shippingOption: shippingOptionView });
const optionSample: z.input<typeof option> = {
  shippingOption: {
    id: 'sho_01h455vb4pex5vsknk084sn02q',
    ...ids,
    name: 'Standard delivery',
    description: '',
    basis: 'flat',
    rates: [{ from: 0, price: { amount: 150_000, currency: 'NGN' } }],
    freeOver: [{ amount: 5_000_000, currency: 'NGN' }],
    weightMaxGrams: null,
    daysMin: 2,
    daysMax: 4,
    position: 0,
    isActive: true,
    ...times,
  },
};

export const shippingOptionCreated = defineEvent('shipping_option.created', option, {
  about: 'A shipping option was made.',
  sample: optionSample,
});
export const shippingOptionUpdated = defineEvent('shipping_option.updated', option, {
  about: 'A shipping option or its rates changed.',
  sample: optionSample,
});
export const shippingOptionDeleted = defineEvent('shipping_option.deleted', option, {
  about: 'A shipping option was deleted.',
  sample: optionSample,
});
