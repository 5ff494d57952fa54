import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { useDatabase } from '../../testing/database.ts';
import { givenImports } from '../../testing/imports.ts';

const db = useDatabase();
const FIXTURE = await readFile(new URL('./fixtures/shopify-products.csv', import.meta.url), 'utf8');

/** A reader of its own, character by character: what counts here shares nothing with what imports. */
function cellsOf(csv: string): Record<string, string>[] {
  const rows: string[][] = [[]];
  let cell = '';
  let isQuoted = false;
  for (let at = 0; at < csv.length; at++) {
    const [character, following] = [csv[at], csv[at + 1]];
    if (isQuoted && character === '"' && following === '"') {
      cell += '"';
      at++;
    } else if (character === '"') isQuoted = !isQuoted;
    else if (!isQuoted && character === ',') {
      rows.at(-1)?.push(cell);
      cell = '';
    } else if (!isQuoted && character === '\r' && following === '\n') {
      rows.at(-1)?.push(cell);
      rows.push([]);
      cell = '';
      at++;
    } else cell += character;
  }
  const [header = [], ...lines] = rows.filter((row) => row.length > 1);
  return lines.map((line) => Object.fromEntries(header.map((name, at) => [name, line[at] ?? ''])));
}

test('every product, option, variant, price, weight, tag, SEO field and picture of the file is in the shop, and no other', async () => {
  const shop = await givenImports(db);
  const report = await shop.imported(FIXTURE);
  expect(report).toMatchObject({ status: 'completed', errors: [] });
  const lines = cellsOf(FIXTURE);
  const of = <T>(query: Promise<T>) => query;
  const { companyId } = shop;
  const handleOf = new Map<string, string>();
  const products = await of(db.admin`select * from products where company_id = ${companyId} order by handle`);
  for (const row of products) handleOf.set(row['id'], row['handle']);

  // Products and what is said once of each.
  const firsts = lines
    .filter((line) => line['Title'] !== '')
    .sort((a, b) => ((a['Handle'] ?? '') < (b['Handle'] ?? '') ? -1 : 1));
  expect(
    products.map((row) => [
      row['handle'],
      row['title'],
      row['vendor'] ?? '',
      row['product_type'] ?? '',
      row['seo_title'] ?? '',
      row['seo_description'] ?? '',
    ]),
  ).toEqual(
    firsts.map((line) => [
      line['Handle'],
      line['Title'],
      line['Vendor'],
      line['Type'],
      line['SEO Title'],
      line['SEO Description'],
    ]),
  );
  expect(products.map((row) => row['status'])).toEqual(
    firsts.map((line) =>
      line['Status'] === 'archived' ? 'archived' : line['Published'] === 'true' ? 'active' : 'draft',
    ),
  );
  expect(products.map((row) => row['description'].replace(/\s+/g, ' '))).toEqual(
    firsts.map((line) => (line['Body (HTML)'] ?? '').replace(/<script>.*<\/script>/, '').replace(/\s+/g, ' ')),
  );

  // Tags.
  const tags = await of(db.admin`select product_id, tag from product_tags where company_id = ${companyId}`);
  expect(tags.map((row) => `${handleOf.get(row['product_id'])} ${row['tag']}`).sort()).toEqual(
    firsts
      .flatMap((line) =>
        (line['Tags'] ?? '')
          .split(',')
          .map((tag) => tag.trim())
          .filter(Boolean)
          .map((tag) => `${line['Handle']} ${tag}`),
      )
      .sort(),
  );

  // Options and their values.
  const named = firsts.flatMap((line) =>
    [1, 2, 3].flatMap((place) => {
      const name = line[`Option${place} Name`] ?? '';
      return name === '' || line['Option1 Value'] === 'Default Title'
        ? []
        : [{ handle: line['Handle'] ?? '', place, name }];
    }),
  );
  const options = await of(
    db.admin`select product_id, position, name from product_options where company_id = ${companyId}`,
  );
  expect(options.map((row) => `${handleOf.get(row['product_id'])} ${row['position']} ${row['name']}`).sort()).toEqual(
    named.map(({ handle, place, name }) => `${handle} ${place} ${name}`).sort(),
  );
  const values = await of(
    db.admin`select product_id, option_position, value from product_option_values where company_id = ${companyId}`,
  );
  expect(
    values.map((row) => `${handleOf.get(row['product_id'])} ${row['option_position']} ${row['value']}`).sort(),
  ).toEqual(
    [
      ...new Set(
        named.flatMap(({ handle, place }) =>
          lines
            .filter((line) => line['Handle'] === handle && line[`Option${place} Value`] !== '')
            .map((line) => `${handle} ${place} ${line[`Option${place} Value`]}`),
        ),
      ),
    ].sort(),
  );

  // Variants with SKU, barcode, weight, tax and shipping; prices; stock.
  const sold = lines.filter((line) => line['Variant Price'] !== '');
  const variants = await of(db.admin`select v.*, p.amount::int, p.compare_at::int, l.on_hand from product_variants v
    join prices p on p.company_id = v.company_id and p.variant_id = v.id and p.currency = 'NGN'
    left join stock_levels l on l.company_id = v.company_id and l.variant_id = v.id
    where v.company_id = ${companyId}`);
  const kobo = (price = '') => Math.round(Number(price) * 100);
  const isSingle = (line: Record<string, string>) => line['Option1 Value'] === 'Default Title';
  expect(
    variants
      .map((row) =>
        [
          handleOf.get(row['product_id']),
          row['option1'] ?? '',
          row['option2'] ?? '',
          row['option3'] ?? '',
          row['sku'] ?? '',
          row['barcode'] ?? '',
          row['weight_grams'],
          row['tax_category'] ?? '',
          row['is_taxable'],
          row['requires_shipping'],
          row['tracks_stock'],
          row['backorder'],
          row['amount'],
          row['compare_at'] ?? 0,
          row['on_hand'] ?? 0,
        ].join(' · '),
      )
      .sort(),
  ).toEqual(
    sold
      .map((line) =>
        [
          line['Handle'],
          isSingle(line) ? '' : line['Option1 Value'],
          line['Option2 Value'],
          line['Option3 Value'],
          line['Variant SKU'],
          line['Variant Barcode'],
          Math.round(Number(line['Variant Grams'])),
          line['Variant Tax Code'],
          line['Variant Taxable'] === 'true',
          line['Variant Requires Shipping'] === 'true',
          line['Variant Inventory Tracker'] !== '',
          line['Variant Inventory Policy'] === 'continue' ? 'allow' : 'deny',
          kobo(line['Variant Price']),
          kobo(line['Variant Compare At Price']),
          Number(line['Variant Inventory Qty']),
        ].join(' · '),
      )
      .sort(),
  );
  expect(report.counts).toMatchObject({
    products: { created: firsts.length },
    variants: { created: sold.length },
    prices: sold.length,
  });

  // Pictures: each address once per product, in the order of their positions, and on the variants they show.
  const media = await of(db.admin`select m.*, f.source_url, f.status as fetching from product_media m
    join files f on f.company_id = m.company_id and f.id = m.file_id where m.company_id = ${companyId} order by m.position`);
  const pictured = [
    ...new Set(
      lines.filter((line) => line['Image Src'] !== '').map((line) => `${line['Handle']} ${line['Image Src']}`),
    ),
  ].sort();
  expect(media.map((row) => `${handleOf.get(row['product_id'])} ${row['source_url']}`).sort()).toEqual(pictured);
  expect(report.counts.images).toBe(pictured.length);
  expect(new Set(media.map((row) => row['fetching']))).toEqual(new Set(['remote'])); // a worker fetches them
  const bowl = media.filter((row) => handleOf.get(row['product_id']) === 'calabash-bowl');
  expect(bowl.map((row) => row['alt'])).toEqual(['From the side', 'From above']);
  const shown = await of(db.admin`select v.sku, f.source_url from product_variants v
    join product_media m on m.company_id = v.company_id and m.id = v.medium_id
    join files f on f.company_id = m.company_id and f.id = m.file_id where v.company_id = ${companyId}`);
  expect(shown.map((row) => `${row['sku']} ${row['source_url']}`).sort()).toEqual(
    lines
      .filter((line) => line['Variant Image'] !== '')
      .map((line) => `${line['Variant SKU']} ${line['Variant Image']}`)
      .sort(),
  );
});
