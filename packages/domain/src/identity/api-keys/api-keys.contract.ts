import { z } from 'zod';
import { webOrigin } from '../../company/settings/origin.contract.ts';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { listQuery, pageOf } from '../../kernel/page.ts';
import { text } from '../../kernel/text.ts';

const KEY_NAME_LENGTH_MAX = 80;
const SCOPES_PER_KEY_MAX = 200;
const ORIGINS_PER_KEY_MAX = 50;
const SCOPE_LENGTH_MAX = 80;
const ROTATION_OVERLAP_SECONDS_MAX = 7 * 24 * 3600;
const ROTATION_OVERLAP_SECONDS_DEFAULT = 24 * 3600;

const scope = z.string().max(SCOPE_LENGTH_MAX).meta({ example: 'store.read' });

export const newApiKey = z.strictObject({
  name: text(KEY_NAME_LENGTH_MAX).meta({ example: 'Web shop' }),
  type: z.enum(['publishable', 'secret']),
  scopes: z
    .array(scope)
    .min(1, { error: 'Name at least one scope: a key without scopes opens nothing.' })
    .max(SCOPES_PER_KEY_MAX)
    .meta({
      description:
        'Scopes of the storefront API; a secret key may hold permissions of staff too. Some words are both, like `orders.read` and `customers.write`: a secret key that holds one opens the routes of that name of both APIs, a publishable key those of the storefront alone.',
    }),
  allowedOrigins: z.array(webOrigin).max(ORIGINS_PER_KEY_MAX).optional().meta({
    description: 'Web origins a publishable key answers to. None: those of the storefront settings, else any.',
  }),
  expiresAt: instant.nullish().meta({ description: 'When the key stops working. Without it: never.' }),
});
export type NewApiKey = z.infer<typeof newApiKey>;

export const apiKeyRotation = z.strictObject({
  overlapSeconds: z.int().min(0).max(ROTATION_OVERLAP_SECONDS_MAX).default(ROTATION_OVERLAP_SECONDS_DEFAULT).meta({
    description: 'How long the old key still works beside the new one; never past its own expiry.',
  }),
});
export type ApiKeyRotation = z.infer<typeof apiKeyRotation>;

export const apiKeyView = z.object({
  id: idOf('key'),
  name: z.string(),
  type: z.enum(['publishable', 'secret']),
  mode: z.enum(['live', 'test']),
  lastFour: z.string().meta({ description: 'The end of the random part, to tell keys apart.' }),
  scopes: z.array(z.string()),
  allowedOrigins: z.array(z.string()),
  status: z.enum(['active', 'expired', 'revoked']),
  expiresAt: instant.nullable(),
  revokedAt: instant.nullable(),
  rotatedFrom: idOf('key').nullable(),
  lastUsedAt: instant.nullable().meta({ description: 'Correct to about a minute.' }),
  createdBy: z.object({ type: z.string(), id: z.string() }),
  createdAt: instant,
});
export type ApiKeyView = z.infer<typeof apiKeyView>;

/** The one answer that holds the key itself. */
export const apiKeyMade = apiKeyView.extend({
  key: z.string().meta({ description: 'Shown this once. Keep it where secrets are kept.', example: 'souk_pk_live_…' }),
});
export type ApiKeyMade = z.infer<typeof apiKeyMade>;

export const apiKeysQuery = listQuery.extend({
  type: z.enum(['publishable', 'secret']).optional(),
});
export type ApiKeysQuery = z.infer<typeof apiKeysQuery>;
export const apiKeysPage = pageOf(apiKeyView);
