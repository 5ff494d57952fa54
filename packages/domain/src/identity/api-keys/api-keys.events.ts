import { z } from 'zod';
import { defineEvent } from '../../kernel/events.ts';
import { apiKeyView } from './api-keys.contract.ts';

// The event's view never knew the key itself, and leaves out the use, which is no news.
const data = z.object({ apiKey: apiKeyView.omit({ lastUsedAt: true }) });
const sample: z.input<typeof data> = {
  apiKey: {
    id: 'key_01h455vb4pex5vsknk084sn02q',
    name: 'Web shop',
    type: 'publishable',
    mode: 'live',
    lastFour: 'x7Qa',
    scopes: ['store.read', 'listing.read'],
    allowedOrigins: ['https://shop.example.com'],
    status: 'active',
    expiresAt: null,
    revokedAt: null,
    rotatedFrom: null,
    createdBy: { type: 'staff', id: 'stf_01h455vb4pex5vsknk084sn02q' },
    createdAt: '2026-11-21T09:00:00.000Z',
  },
};

export const apiKeyCreated = defineEvent('api_key.created', data, {
  about: 'An API key was made. The key itself is in no event.',
  sample,
});
export const apiKeyRotated = defineEvent('api_key.rotated', data, {
  about: 'An API key was replaced and works for its overlap only; `api_key.created` tells of its successor.',
  sample,
});
export const apiKeyRevoked = defineEvent('api_key.revoked', data, {
  about: 'An API key was revoked: it opens nothing any more.',
  sample,
});
