/**
 * Pieces of SQL that several reads of visitors have in common. Everything here names its table's `company_id`, and the
 * alias of a table is said by the caller: never by a visitor.
 */

/** The condition under which visitors see a product. */
export const isVisible = (p: string) =>
  `${p}.status = 'active' and ${p}.published_at <= now() and (${p}.unpublish_at is null or ${p}.unpublish_at > now()) and ${p}.kind <> 'gift'`;

/** The condition under which visitors see a collection. */
export const isCollectionVisible = (c: string) =>
  `${c}.published_at <= now() and (${c}.unpublish_at is null or ${c}.unpublish_at > now())`;

/** Money of an amount, as JSON; null where the amount is. */
export const money = (amount: string, currency: string) =>
  `case when ${amount} is not null then ('{"amount":' || ${amount} || ',"currency":"' || ${currency} || '"}')::json end`;

/** The condition under which a picture has renditions that visitors can fetch. */
export const isShown = (f: string) => `${f}.status = 'ready' and ${f}.widths is not null`;

/** The public picture of a file, as JSON: `pictureView` (files/pictures.contract.ts) with its alternative text. */
export const imageJson = (f: string, alt: string, filesUrl: string) =>
  `json_build_object('url', ${filesUrl}::text || '/' || ${f}.storage_key || '/' || (${f}.widths ->> -1) || '.webp',
    'alt', ${alt}, 'width', ${f}.width, 'height', ${f}.height, 'widths', ${f}.widths)`;

/** The picture of a row that names a file itself. */
export const ownImage = (row: string, alt: string, company: string, filesUrl: string) =>
  `(select ${imageJson('f', alt, filesUrl)} from files f
    where f.company_id = ${company} and f.id = ${row}.image_id and ${isShown('f')})`;

/** The first picture of a product that is there. */
export const firstImage = (p: string, company: string, filesUrl: string) =>
  `(select ${imageJson('f', 'm.alt', filesUrl)} from product_media m
    join files f on f.company_id = ${company} and f.id = m.file_id
    where m.company_id = ${company} and m.product_id = ${p}.id and ${isShown('f')}
    order by m.position limit 1)`;

/** RFC 3339 in UTC with milliseconds, as everywhere in JSON. */
export const instantText = (at: string) => `to_char(${at} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** With all digits, so that a page goes on exactly where the last one ended. */
export const exactTime = (at: string) => `(${at} at time zone 'UTC')::text`;

/** The next moments at which prices change, or a product or a collection comes or goes by itself; each is a probe of an index. */
export const nextBoundary = (company: string) =>
  `(select min(l.valid_from) from listing_prices l where l.company_id = ${company} and l.valid_from > now()),
   (select min(l.published_at) from products l where l.company_id = ${company} and l.status = 'active' and l.published_at > now()),
   (select min(l.unpublish_at) from products l where l.company_id = ${company} and l.unpublish_at > now()),
   (select min(l.published_at) from collections l where l.company_id = ${company} and l.published_at > now()),
   (select min(l.unpublish_at) from collections l where l.company_id = ${company} and l.unpublish_at > now())`;

/** Milliseconds until a moment, rounded down; null for none. */
export const millisecondsUntil = (at: string) => `floor(extract(epoch from ${at} - now()) * 1000)::float8`;

/** The category with a handle, and everything below it, as a range of paths (`categories.schema.ts`). */
export function belowCategory(c: string, company: string, handle: string): string {
  const root = (column: string) =>
    `(select ${column} from categories r where r.company_id = ${company} and r.handle = ${handle})`;
  return `${c}.path >= ${root('r.path')} and ${c}.path < ${root(upperPath('r'))}`;
}

/** The end of the range of paths below a category: `/` with the next character in its place. */
export const upperPath = (c: string) => `left(${c}.path, -1) || '0'`;
