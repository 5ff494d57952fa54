import { goodsFile } from '../goods-file.ts';
import { type Api, until } from '../http.ts';
import type { Scene } from '../scene.ts';
import { type Money, type Page, plural, price } from '../shop-words.ts';
import { found, same } from '../surprise.ts';
import type { Shopfront } from './storefront-key.ts';

interface Listed {
  handle: string;
  title: string;
  price: Money;
  isAvailable: boolean;
}

interface Facets {
  options: { name: string; values: { value: string; count: number }[] }[];
  tags: { tag: string; count: number }[];
}

interface ProductPage {
  title: string;
  variants: { id: string; sku: string; price: Money; isAvailable: boolean }[];
}

export interface Choice {
  sku: string;
  variantId: string;
  quantity: number;
  /** Minor units, as the file said. */
  price: number;
}

const ASKED = 'Sand linen, up to ₦15,000';
const TYPO = 'linnen thrwo';
const WANTED = [
  { handle: 'tideline-linen-throw', sku: 'TLT-SAND-130', quantity: 2 },
  { handle: 'harbour-lamp', sku: 'HBL-BRASS', quantity: 1 },
] as const;

/** A visitor looks around, and picks something. */
export async function browse({ tell }: Scene, { api }: Shopfront): Promise<Choice[]> {
  tell.chapter('A visitor looks around', 'with the publishable key, as a shop page would');
  const { products } = goodsFile();
  const all = await until('GET /v1/products?count=true', {
    expected: `${products} products, seconds after they were imported`,
    ask: () => api.get<Page<Listed> & { facets: Facets }>('/v1/products?count=true&facets=true&limit=50'),
    ok: ({ count }) => count === products,
  });
  tell.fact(
    `${plural(products, 'product')}, newest first: ${all.data
      .slice(0, 3)
      .map(({ title }) => title)
      .join(', ')} …`,
    'GET /v1/products',
  );
  const colours = found(
    'facet Colour',
    all.facets.options.find(({ name }) => name === 'Colour'),
  );
  tell.fact('Facets, counted:', 'GET /v1/products?facets=true');
  tell.detail(`Colour  ${colours.values.map(({ value, count }) => `${value} ${count}`).join(' · ')}`);
  tell.detail(
    `tags    ${all.facets.tags
      .slice(0, 6)
      .map(({ tag, count }) => `${tag} ${count}`)
      .join(' · ')}`,
  );
  const some = await api.get<Page<Listed>>(
    '/v1/products?tag=linen&option[Colour]=Sand&priceLte=1500000&inStock=true&sort=price',
  );
  same(
    `what "${ASKED}" finds`,
    some.data.map(({ handle }) => handle),
    ['linen-tea-towel', 'linen-kitchen-apron', 'tideline-linen-throw'],
  );
  tell.fact(`${ASKED}, the cheapest first:`, 'GET /v1/products?tag=…&option[Colour]=…');
  tell.table(some.data.map((one) => [one.title, price(one.price)]));
  const meant = await api.get<Page<Listed>>(`/v1/products?q=${encodeURIComponent(TYPO)}`);
  same(`the first hit for "${TYPO}"`, meant.data[0]?.handle, 'tideline-linen-throw');
  tell.fact(`Whoever types "${TYPO}" finds the ${meant.data[0]?.title}`, 'GET /v1/products?q=linnen+thrwo');
  return pick({ tell }, api);
}

/** Opens the pages of what is to be bought; the prices are those of the file. */
async function pick({ tell }: Pick<Scene, 'tell'>, api: Api): Promise<Choice[]> {
  const { goods } = goodsFile();
  const choices: Choice[] = [];
  for (const { handle, sku, quantity } of WANTED) {
    const page = await api.get<ProductPage>(`/v1/products/${handle}`);
    const variant = found(
      `variant ${sku}`,
      page.variants.find((one) => one.sku === sku),
    );
    const inFile = found(`${sku} in the file`, goods.get(sku));
    same(`price of ${sku}`, variant.price, { amount: inFile.price, currency: 'NGN' });
    choices.push({ sku, variantId: variant.id, quantity, price: inFile.price });
  }
  tell.fact('Prices are those of the file, to the kobo', 'GET /v1/products/:handle');
  return choices;
}
