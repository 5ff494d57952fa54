import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { pageOf } from '../../kernel/page.ts';

export const PAYMENT_PROVIDERS = ['paystack', 'manual'] as const;
export type PaymentProvider = (typeof PAYMENT_PROVIDERS)[number];

/** A name in a path. One we do not know is not found, rather than wrong: the service says so. */
export const providerParam = z
  .string()
  .max(60)
  .meta({ description: `One of ${PAYMENT_PROVIDERS.join(', ')}.`, example: 'paystack' });

const CREDENTIAL_LENGTH_MAX = 200;

const keyOf = (word: 'sk' | 'pk') =>
  z
    .string()
    .trim()
    .max(CREDENTIAL_LENGTH_MAX)
    .regex(new RegExp(`^${word}_(live|test)_[A-Za-z0-9]{10,}$`), {
      error: `Expected a key that starts with ${word}_live_ or ${word}_test_.`,
    });

/** Credentials as the provider gave them. They go in and never come out. Which are needed is the provider's to say. */
export const paymentProviderSetup = z.strictObject({
  secretKey: keyOf('sk')
    .optional()
    .meta({ description: 'paystack: required. Test keys in a sandbox, live keys in a live company.', writeOnly: true }),
  publicKey: keyOf('pk').optional().meta({ description: 'paystack: optional.' }),
});
export type PaymentProviderSetup = z.infer<typeof paymentProviderSetup>;

export const paymentProviderView = z.object({
  provider: z.enum(PAYMENT_PROVIDERS),
  name: z.string(),
  isConfigured: z.boolean(),
  publicKey: z.string().nullable(),
  credentials: z
    .object({
      lastFour: z.string(),
      fingerprint: z.string().meta({ description: 'The first 16 hex digits of the SHA-256 of the secret key.' }),
      updatedAt: instant,
    })
    .nullable()
    .meta({ description: 'What may be told of the stored secret.' }),
  version: z.int().meta({ description: '0 while it was never set up.' }),
});
export type PaymentProviderView = z.infer<typeof paymentProviderView>;

export const paymentProvidersPage = pageOf(paymentProviderView);
