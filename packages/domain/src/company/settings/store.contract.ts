import { z } from 'zod';
import { idOf } from '../../kernel/ids.ts';
import { settingGroups } from './setting-groups.ts';

const { general, branding, storefront } = settingGroups;

/** What every visitor of a shop may know about it. */
export const storeView = z.object({
  id: idOf('com'),
  name: z.string(),
  handle: z.string(),
  mode: z.enum(['live', 'test']),
  country: z.string(),
  currency: z.string(),
  currencies: z.array(z.string()).meta({ description: 'All the shop sells in; its own comes first.' }),
  timezone: z.string(),
  locale: general.shape.locale,
  locales: general.shape.locales,
  branding: z.object(branding.shape),
  url: storefront.shape.url,
});
export type StoreView = z.infer<typeof storeView>;
