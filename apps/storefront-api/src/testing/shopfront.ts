import { patchSettings } from '@souk/domain/company/settings/settings.service';
import type { TestDatabase } from '@souk/domain/testing/database';
import { givenGoods } from '@souk/domain/testing/listed-goods';
import type { Answer, TestApi } from '@souk/platform/testing/app';
import { givenShopAtDoor } from '@souk/platform/testing/given-keys';

export interface ListedProduct {
  id: string;
  handle: string;
  title: string;
  price: { amount: number; currency: string };
  priceMax: { amount: number };
  compareAt: { amount: number } | null;
  isAvailable: boolean;
  image: unknown;
}

export interface ProductPage {
  data: ListedProduct[];
  page: { hasMore: boolean; next: string | null };
  count?: number | string;
  facets?: Record<string, never>;
}

/** Every order a list of products can be asked for. */
export const SORTS = ['newest', 'price', '-price', 'title', '-title', 'relevance'];

/** A shop with goods on its shelves and a key of a storefront. */
export async function givenShopfront(db: TestDatabase, api: TestApi) {
  const shop = await givenShopAtDoor(db, api);
  const { key } = await shop.mint({ scopes: ['listing.read'] });
  const { run } = api.parts.database;
  const goods = givenGoods(db, shop.companyId);
  const ask = <Body = ProductPage>(path: string, headers: Record<string, string> = {}): Promise<Answer<Body>> =>
    api.call<Body>('GET', `/v1/${path}`, { key, headers });
  return {
    ...shop,
    ...goods,
    key,
    ask,
    /** The handles a list gives, in its order. */
    handles: async (query = '') => {
      const { status, body, text } = await ask(`products?${query}`);
      if (status !== 200) throw new Error(`${query}: ${status} ${text}`);
      return body.data.map(({ handle }) => handle);
    },
    settings: (group: string, values: object) => run(shop.system, (ctx) => patchSettings(ctx, group, values)),
    /** What a write of the catalogue says at its end. */
    changed: () => run(shop.system, async (ctx) => ctx.catalogueChanged()),
  };
}
