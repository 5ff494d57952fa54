import type { CompanyId } from '@souk/domain/kernel/ids';
import type postgres from 'postgres';

/** Every product stands in one of so many categories. */
export const CATEGORIES = 20;
const COLOURS = "array['red','blue','green','black','white','ochre','indigo','rust','teal','plum']";
const NOUNS = "array['shirt','gown','kaftan','scarf','trousers','wrapper','cap','sandal','bag','belt']";
const FABRICS = "array['cotton','linen','silk','wool','denim','adire','ankara','lace','velvet','jersey']";

/** The number of a row as the 26 characters of an id, the same for the same row. */
const idSql = (prefix: string, number: string) => `'${prefix}_0' || lpad((${number})::text, 25, '0')`;

const INSERTS = [
  `insert into categories (company_id, id, path, handle, name)
   select $1, ${idSql('cat', 'n')}, ${idSql('cat', 'n')} || '/', 'category-' || n, 'Category ' || n
   from generate_series(1, ${CATEGORIES}) n`,
  `insert into files (company_id, id, purpose, status, storage_key, name, content_type, width, height, widths,
     created_by_type, created_by_id)
   select $1, ${idSql('file', 'n')}, 'image', 'ready', $3 || '/image/' || n, 'picture', 'image/jpeg', 1600, 1200,
     '[320, 640, 1280]', 'system', 'bench' from generate_series(1, $2::int) n`,
  `insert into products (company_id, id, handle, title, title_key, description, kind, status, published_at, vendor, vendor_key)
   select $1, ${idSql('prod', 'n')}, 'product-' || n, title, lower(title), '<p>' || repeat('Woven by hand. ', 20) || '</p>',
     'variable', 'active', now() - n * interval '1 second', 'Adire House', 'adire house'
   from (select n, initcap((${COLOURS})[1 + n % 10] || ' ' || (${FABRICS})[1 + n / 10 % 10] || ' ' ||
     (${NOUNS})[1 + n / 100 % 10]) || ' ' || n as title from generate_series(1, $2::int) n) named`,
  `insert into product_handles (company_id, handle, product_id)
   select company_id, handle, id from products where company_id = $1`,
  `insert into product_media (company_id, id, product_id, file_id, alt, position)
   select $1, ${idSql('med', 'n')}, ${idSql('prod', 'n')}, ${idSql('file', 'n')}, 'From the front', 0
   from generate_series(1, $2::int) n`,
  `insert into product_categories (company_id, product_id, category_id)
   select $1, ${idSql('prod', 'n')}, ${idSql('cat', `1 + n % ${CATEGORIES}`)} from generate_series(1, $2::int) n`,
  `insert into product_options (company_id, product_id, position, name, name_key)
   select $1, ${idSql('prod', 'n')}, 1, 'Size', 'size' from generate_series(1, $2::int) n`,
  `insert into product_option_values (company_id, product_id, option_position, position, value, value_key)
   select $1, ${idSql('prod', 'n')}, 1, v, (array['S','M','L'])[v], (array['s','m','l'])[v]
   from generate_series(1, $2::int) n, generate_series(1, 3) v`,
  `insert into product_variants (company_id, id, product_id, position, sku, sku_key, option1, options_key)
   select $1, ${idSql('var', 'n * 3 + v')}, ${idSql('prod', 'n')}, v, 'SKU-' || n || '-' || v, 'sku-' || n || '-' || v,
     (array['S','M','L'])[v], (array['s','m','l'])[v]
   from generate_series(1, $2::int) n, generate_series(1, 3) v`,
  `insert into variant_options (company_id, variant_id, product_id, name_key, value_key)
   select company_id, id, product_id, 'size', options_key from product_variants where company_id = $1`,
  `insert into prices (company_id, id, variant_id, currency, amount)
   select $1, ${idSql('prc', 'n * 3 + v')}, ${idSql('var', 'n * 3 + v')}, 'NGN', 100000 + n * 7919 % 900000 + v * 1000
   from generate_series(1, $2::int) n, generate_series(1, 3) v`,
  `insert into listing_prices (company_id, product_id, currency, valid_from, valid_until, min_amount, max_amount)
   select $1, ${idSql('prod', 'n')}, 'NGN', '1970-01-01Z', '9999-12-31Z', 101000 + n * 7919 % 900000,
     103000 + n * 7919 % 900000 from generate_series(1, $2::int) n`,
  `insert into stock_levels (company_id, variant_id, location_id, on_hand)
   select $1, v.id, (select id from stock_locations where company_id = $1 order by priority, id limit 1), 10
   from product_variants v where v.company_id = $1 and exists (select from stock_locations where company_id = $1)`,
  `insert into product_availability (company_id, product_id, is_available)
   select $1, ${idSql('prod', 'n')}, true from generate_series(1, $2::int) n`,
  `insert into product_search_documents (company_id, product_id, title_words, key_words, body_words)
   select company_id, id, title_key, vendor_key || ' sku-' || handle, 'woven by hand' from products where company_id = $1`,
];

/**
 * Fills a company's catalogue with as many products of three variants, in a few statements, as the row-secured role
 * would see it. Takes under a minute for 100,000.
 */
export async function seedCatalogue(admin: postgres.Sql, companyId: CompanyId, products: number): Promise<void> {
  await admin.begin(async (tx) => {
    // The rows are made up in the right order: checking a million foreign keys one by one is most of the time otherwise.
    await tx.unsafe('set local session_replication_role = replica');
    // Into the text: the same number stands where PostgreSQL would infer different types for it.
    for (const insert of INSERTS) {
      await tx.unsafe(
        insert
          .replaceAll('$1', `'${companyId}'`)
          .replaceAll('$2::int', String(products))
          .replaceAll('$3', `'${companyId.slice(4)}'`),
      );
    }
  });
  await admin.unsafe('vacuum analyze');
}
