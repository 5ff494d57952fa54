import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { listQuery, pageOf } from '../../kernel/page.ts';
import { text } from '../../kernel/text.ts';

export const PROFILES_MAX = 50;
const NAME_LENGTH_MAX = 80;
const PRODUCTS_PER_REQUEST_MAX = 1_000;

const name = text(NAME_LENGTH_MAX).meta({ example: 'Bulky goods' });

export const newShippingProfile = z.strictObject({ name });
export type NewShippingProfile = z.infer<typeof newShippingProfile>;

export const shippingProfilePatch = z.strictObject({
  name: name.optional(),
  isDefault: z.literal(true).optional().meta({
    description: 'Makes this the profile of products that are in none; the one that was, no longer is.',
  }),
});
export type ShippingProfilePatch = z.infer<typeof shippingProfilePatch>;

export const shippingProfileView = z.object({
  id: idOf('shp'),
  name: z.string(),
  isDefault: z.boolean().meta({ description: 'Products that were put into no profile are sent by this one.' }),
  version: z.int(),
  createdAt: instant,
  updatedAt: instant,
});
export type ShippingProfileView = z.infer<typeof shippingProfileView>;

export const shippingProfilesQuery = listQuery;
export const shippingProfilesPage = pageOf(shippingProfileView);

export const profileProducts = z.strictObject({
  productIds: z.array(idOf('prod')).min(1).max(PRODUCTS_PER_REQUEST_MAX).meta({
    description: 'A product is in one profile at most: it leaves the one it was in.',
  }),
});
export type ProfileProducts = z.infer<typeof profileProducts>;

export const profileProductView = z.object({
  productId: idOf('prod'),
  handle: z.string(),
  title: z.string(),
  status: z.string(),
});
export type ProfileProductView = z.infer<typeof profileProductView>;
export const profileProductsQuery = listQuery;
export const profileProductsPage = pageOf(profileProductView);
