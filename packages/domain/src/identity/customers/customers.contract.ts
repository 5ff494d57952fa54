import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { listQuery, pageOf } from '../../kernel/page.ts';
import { email, nameOf, prose, text } from '../../kernel/text.ts';

const NAME_MAX = 80;
const PHONE_MAX = 40;
const NOTE_MAX = 5_000;
const TAG_MAX = 60;
const TAGS_MAX = 50;
const SEARCH_MAX = 120;

const name = nameOf(NAME_MAX);
const tag = text(TAG_MAX).meta({ example: 'wholesale' });
const tags = z.array(tag).max(TAGS_MAX).meta({ description: 'Each once; case and accents make no other tag.' });
const locale = z
  .string()
  .max(35)
  .regex(/^[a-z]{2,8}(?:-[a-z0-9]{1,8})*$/i, { error: 'Expected a language tag of BCP 47, like en-NG.' })
  .meta({ example: 'en-NG' });

/** What customers say of themselves. */
const personal = {
  firstName: name.nullable().optional(),
  lastName: name.nullable().optional(),
  phone: text(PHONE_MAX).nullable().optional(),
  locale: locale.nullable().optional(),
  acceptsMarketing: z.boolean().optional().meta({ description: 'Kept with the time and the way it was said.' }),
};

export const profilePatch = z.strictObject(personal);
export type ProfilePatch = z.infer<typeof profilePatch>;

/** The part of a registration, or of an account staff make, that says who it is. */
export const aboutCustomer = z.strictObject({ email, ...personal });
export type AboutCustomer = z.infer<typeof aboutCustomer>;

export const newCustomer = aboutCustomer.extend({
  note: prose(NOTE_MAX).default(''),
  tags: tags.default([]),
  isTaxExempt: z.boolean().default(false),
});
export type NewCustomer = z.infer<typeof newCustomer>;

export const customerPatch = profilePatch.extend({
  note: prose(NOTE_MAX).optional(),
  tags: tags.optional(),
  isTaxExempt: z.boolean().optional(),
});
export type CustomerPatch = z.infer<typeof customerPatch>;

const status = z.enum(['active', 'disabled', 'erased']);
const shown = {
  id: idOf('cus'),
  email: z.string(),
  isEmailVerified: z.boolean(),
  firstName: z.string().nullable(),
  lastName: z.string().nullable(),
  phone: z.string().nullable(),
  locale: z.string().nullable(),
  acceptsMarketing: z.boolean(),
  isTaxExempt: z.boolean(),
};

/** What customers see of themselves. */
export const customerProfile = z.object({ ...shown, createdAt: instant });
export type CustomerProfile = z.infer<typeof customerProfile>;

/** What staff see of a customer; what events hold. */
export const customerView = z.object({
  ...shown,
  status,
  emailVerifiedAt: instant.nullable(),
  marketingChangedAt: instant.nullable(),
  marketingSource: z.enum(['registration', 'account', 'staff', 'erasure']).nullable(),
  note: z.string(),
  tags: z.array(z.string()),
  groups: z.array(z.object({ id: idOf('cgr'), name: z.string() })),
  lastLoginAt: instant.nullable(),
  version: z.int(),
  createdAt: instant,
  updatedAt: instant,
});
export type CustomerView = z.infer<typeof customerView>;

export const customersPage = pageOf(customerView);
export const customersQuery = listQuery.extend({
  email: text(SEARCH_MAX).optional().meta({ description: 'Exactly this address, in any case.' }),
  q: text(SEARCH_MAX)
    .optional()
    .meta({ description: 'The beginning of the email address, of the whole name or of the last name.' }),
  tag: tag.optional(),
  group: idOf('cgr').optional(),
  status: status.optional(),
});
export type CustomersQuery = z.infer<typeof customersQuery>;
