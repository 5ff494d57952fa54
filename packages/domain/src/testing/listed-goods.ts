import type postgres from 'postgres';
import type { ProductKind, ProductStatus } from '../catalog/products/products.schema.ts';
import { type CompanyId, type Id, newId } from '../kernel/ids.ts';
import { foldKey } from '../kernel/text.ts';
import type { TestDatabase } from './database.ts';

interface GivenVariant {
  sku?: string;
  options?: Record<string, string>;
  /** Minor units by currency. */
  prices?: Record<string, number>;
  onHand?: number;
  backorder?: 'allow' | 'deny';
}

interface GivenProduct {
  title?: string;
  handle?: string;
  description?: string;
  kind?: ProductKind;
  status?: ProductStatus;
  /** Seconds from now; before it by default. */
  publishedIn?: number;
  unpublishIn?: number;
  vendor?: string;
  productType?: string;
  tags?: string[];
  categories?: Id<'cat'>[];
  /** Minor units by currency, of every variant that names none. */
  prices?: Record<string, number>;
  variants?: GivenVariant[];
  isAvailable?: boolean;
  translations?: Record<string, { title?: string; description?: string }>;
  oldHandles?: string[];
}

const ALWAYS = { from: '1970-01-01T00:00:00Z', until: '9999-12-31T00:00:00Z' };
let made = 0;

/** What a unit of work does that writes something processes remember; for tests that write past it. */
export const raiseVersion = (db: TestDatabase, companyId: CompanyId) =>
  db.admin`insert into catalogue_versions (company_id, version) values (${companyId}, 1)
    on conflict (company_id) do update set version = catalogue_versions.version + 1`;

/**
 * Rows of a catalogue as the services leave them, written past them: for reads that must not depend on how a product came
 * to be, and for states no service makes.
 */
export function givenGoods(db: TestDatabase, companyId: CompanyId) {
  const insert = async (table: string, rows: Record<string, unknown>[]) => {
    if (rows.length === 0) return;
    const whole = rows.map((row) => ({ company_id: companyId, ...row }));
    await db.admin`insert into ${db.admin(table)} ${db.admin(whole as Record<string, postgres.ParameterOrJSON<never>>[])}`;
    await raiseVersion(db, companyId);
  };
  const location = newId('loc');
  const located = insert('stock_locations', [{ id: location, name: 'Main', handle: `main-${location.slice(-6)}` }]);

  located.catch(() => undefined); // whoever wants goods hears of it; a test without any may be over before

  async function product(about: GivenProduct = {}) {
    await located;
    made += 1;
    const id = newId('prod');
    const title = about.title ?? `Thing ${made}`;
    const handle = about.handle ?? `thing-${made}`;
    const variants = (about.variants ?? [{}]).map((variant) => ({ id: newId('var'), ...variant }));
    await insert('products', [
      {
        id,
        handle,
        title,
        title_key: foldKey(title),
        description: about.description ?? '',
        kind: about.kind ?? 'simple',
        status: about.status ?? 'active',
        published_at: inSeconds(about.publishedIn ?? -1_000),
        unpublish_at: about.unpublishIn === undefined ? null : inSeconds(about.unpublishIn),
        vendor: about.vendor ?? null,
        vendor_key: about.vendor ? foldKey(about.vendor) : null,
        product_type: about.productType ?? null,
        product_type_key: about.productType ? foldKey(about.productType) : null,
      },
    ]);
    await insert(
      'product_handles',
      [handle, ...(about.oldHandles ?? [])].map((one) => ({ handle: one, product_id: id })),
    );
    await insert(
      'product_tags',
      (about.tags ?? []).map((tag) => ({ product_id: id, tag, tag_key: foldKey(tag) })),
    );
    await insert(
      'product_categories',
      (about.categories ?? []).map((category) => ({ product_id: id, category_id: category })),
    );
    await insert(
      'product_translations',
      Object.entries(about.translations ?? {}).map(([locale, words]) => ({
        product_id: id,
        locale,
        title: null,
        ...words,
      })),
    );
    await withVariants(id, variants, about);
    await insert('product_search_documents', [
      {
        product_id: id,
        title_words: foldKey(title),
        key_words: foldKey(
          [about.vendor, about.productType, ...(about.tags ?? []), ...variants.map(({ sku }) => sku)].join(' '),
        ),
        body_words: foldKey(about.description ?? ''),
      },
    ]);
    return { id, handle, variants: variants.map((variant) => variant.id) };
  }

  async function withVariants(
    productId: Id<'prod'>,
    variants: (GivenVariant & { id: Id<'var'> })[],
    about: GivenProduct,
  ) {
    const names = [...new Set(variants.flatMap(({ options = {} }) => Object.keys(options)))];
    await insert(
      'product_options',
      names.map((name, at) => ({ product_id: productId, position: at + 1, name, name_key: foldKey(name) })),
    );
    for (const [at, name] of names.entries()) {
      const values = [...new Set(variants.flatMap(({ options = {} }) => options[name] ?? []))];
      await insert(
        'product_option_values',
        values.map((value, place) => ({
          product_id: productId,
          option_position: at + 1,
          position: place + 1,
          value,
          value_key: foldKey(value),
        })),
      );
    }
    await insert(
      'product_variants',
      variants.map(({ id, sku, options = {}, backorder }, at) => ({
        id,
        product_id: productId,
        position: at,
        sku: sku ?? null,
        sku_key: sku ? foldKey(sku) : null,
        option1: options[names[0] ?? ''] ?? null,
        option2: options[names[1] ?? ''] ?? null,
        option3: options[names[2] ?? ''] ?? null,
        options_key: names.map((name) => foldKey(options[name] ?? '')).join('\u001f'),
        backorder: backorder ?? null,
      })),
    );
    await insert(
      'variant_options',
      variants.flatMap(({ id, options = {} }) =>
        Object.entries(options).map(([name, value]) => ({
          variant_id: id,
          product_id: productId,
          name_key: foldKey(name),
          value_key: foldKey(value),
        })),
      ),
    );
    const prices = variants.flatMap(({ id, prices: own = about.prices ?? { NGN: 1_000 } }) =>
      Object.entries(own).map(([currency, amount]) => ({ id: newId('prc'), variant_id: id, currency, amount })),
    );
    await insert('prices', prices);
    const currencies = [...new Set(prices.map(({ currency }) => currency))];
    await insert(
      'listing_prices',
      currencies.map((currency) => {
        const amounts = prices.filter((price) => price.currency === currency).map(({ amount }) => amount);
        return {
          product_id: productId,
          currency,
          valid_from: ALWAYS.from,
          valid_until: ALWAYS.until,
          min_amount: Math.min(...amounts),
          max_amount: Math.max(...amounts),
        };
      }),
    );
    await insert(
      'stock_levels',
      variants.map(({ id, onHand = 5 }) => ({ variant_id: id, location_id: location, on_hand: onHand })),
    );
    await insert('product_availability', [{ product_id: productId, is_available: about.isAvailable ?? true }]);
  }

  async function category(handle: string, parent?: { id: Id<'cat'>; path: string }, position = 0) {
    const id = newId('cat');
    const path = `${parent?.path ?? ''}${id}/`;
    await insert('categories', [
      { id, path, handle, name: `Shelf ${handle}`, parent_id: parent?.id ?? null, position },
    ]);
    return { id, path };
  }

  async function collection(
    handle: string,
    members: { id: Id<'prod'> }[],
    about: { sort?: string; publishedIn?: number } = {},
  ) {
    const id = newId('col');
    await insert('collections', [
      {
        id,
        handle,
        title: `Set ${handle}`,
        kind: 'manual',
        sort: about.sort ?? 'manual',
        published_at: inSeconds(about.publishedIn ?? -10),
      },
    ]);
    await insert(
      'collection_members',
      members.map((member, at) => ({ collection_id: id, product_id: member.id, position: at })),
    );
    return id;
  }

  return { product, category, collection, insert, location };
}

const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();
