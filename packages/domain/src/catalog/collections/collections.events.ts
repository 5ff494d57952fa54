import { z } from 'zod';
import { defineEvent } from '../../kernel/events.ts';
import { collectionView } from './collections.contract.ts';

// When it will be looked at is no fact about it.
const data = z.object({ collection: collectionView.omit({ rebuildDueAt: true }) });
const sample: z.input<typeof data> = {
  collection: {
    id: 'col_01h455vb4pex5vsknk084sn02q',
    handle: 'summer-sale',
    title: 'Summer sale',
    description: '',
    kind: 'rules',
    match: 'all',
    rules: [{ field: 'tag', operator: 'equals', value: 'summer' }],
    sort: 'manual',
    publishedAt: '2026-11-21T09:00:00.000Z',
    unpublishAt: null,
    imageId: null,
    seoTitle: null,
    seoDescription: null,
    version: 1,
    createdAt: '2026-11-21T09:00:00.000Z',
    updatedAt: '2026-11-21T09:00:00.000Z',
  },
};

/** Also when a merchant changed by hand what is in it. What rules find and lose is no news of its own. */
export const collectionUpdated = defineEvent('collection.updated', data, {
  about:
    'A collection changed, or a merchant changed by hand what is in it. What its rules find and lose is not announced.',
  sample,
});
export const collectionCreated = defineEvent('collection.created', data, { about: 'A collection was made.', sample });
export const collectionDeleted = defineEvent('collection.deleted', data, {
  about: 'A collection was deleted.',
  sample,
});
