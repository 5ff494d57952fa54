import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { currencyCode } from '../../kernel/money.ts';
import { nameOf } from '../../kernel/text.ts';
import { isCountry } from './countries.ts';
import { HANDLE_LENGTH_MAX, HANDLE_LENGTH_MIN, isReservedHandle, looksLikeSandbox } from './handle-words.ts';

const COMPANY_NAME_LENGTH_MAX = 120;
const HANDLE_FORM = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

/** What a shop is called where people log in. Small letters, digits and single dashes between them. */
export const handle = z
  .string()
  .trim()
  .min(HANDLE_LENGTH_MIN)
  .max(HANDLE_LENGTH_MAX)
  .regex(HANDLE_FORM, { error: 'Expected small letters, digits and single dashes between them, like ada-fabrics.' })
  .refine((word) => !isReservedHandle(word), { error: 'This handle is kept for our own use. Choose another one.' })
  .refine((word) => !looksLikeSandbox(word), {
    error: 'Handles that end in -test are kept for sandboxes. Choose another one.',
  })
  .meta({ example: 'ada-fabrics' });

/** A country of ISO 3166-1, two capital letters. */
export const countryCode = z
  .string()
  .max(2)
  .refine(isCountry, { error: 'Expected a country of ISO 3166-1 in two capitals, like NG.' })
  .meta({ example: 'NG', pattern: '^[A-Z]{2}$' });

/** A time zone of the IANA database, as this machine's ICU knows it. */
export const timezone = z
  .string()
  .max(64)
  .refine(isTimezone, { error: 'Expected a time zone of the IANA database, like Africa/Lagos.' })
  .meta({ example: 'Africa/Lagos' });

const companyName = nameOf(COMPANY_NAME_LENGTH_MAX).meta({ example: 'Ada Fabrics' });

export const newCompany = z.strictObject({
  name: companyName,
  handle,
  country: countryCode,
  currency: currencyCode,
  timezone,
});
export type NewCompany = z.infer<typeof newCompany>;

/** The currency is missing on purpose: prices, carts and orders were made in it. */
export const companyPatch = z.strictObject({
  name: companyName.optional(),
  country: countryCode.optional(),
  timezone: timezone.optional(),
});
export type CompanyPatch = z.infer<typeof companyPatch>;

export const companyView = z.object({
  id: idOf('com'),
  handle: z.string(),
  name: z.string(),
  country: z.string(),
  currency: z.string(),
  timezone: z.string(),
  status: z.enum(['active', 'suspended', 'closed']),
  mode: z.enum(['live', 'test']),
  parentCompanyId: idOf('com').nullable().meta({ description: 'The live company this sandbox belongs to.' }),
  version: z.int(),
  createdAt: instant,
  updatedAt: instant,
});
export type CompanyView = z.infer<typeof companyView>;

function isTimezone(name: string): boolean {
  // Node also takes offsets like +01:00, which know no summer time.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
