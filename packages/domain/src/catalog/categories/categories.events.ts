import { z } from 'zod';
import { defineEvent } from '../../kernel/events.ts';
import { categoryView } from './categories.contract.ts';

const data = z.object({ category: categoryView });
const sample: z.input<typeof data> = {
  category: {
    id: 'cat_01h455vb4pex5vsknk084sn02q',
    parentId: 'cat_01h455vb4pex5vsknk084sn02r',
    ancestorIds: ['cat_01h455vb4pex5vsknk084sn02r'],
    handle: 'summer-dresses',
    name: 'Summer dresses',
    description: '',
    position: 0,
    imageId: null,
    seoTitle: null,
    seoDescription: null,
    version: 1,
    createdAt: '2026-11-21T09:00:00.000Z',
    updatedAt: '2026-11-21T09:00:00.000Z',
  },
};

/** A move is news of the category that was moved; those below it keep their parents. */
export const categoryCreated = defineEvent('category.created', data, {
  about: 'A category was added to the tree of shelves.',
  sample,
});
export const categoryUpdated = defineEvent('category.updated', data, {
  about: 'A category was renamed, moved or described anew. Those below a moved one keep their parents.',
  sample,
});

const DELETED =
  'Every product that stood on this category has left it and has a new version. This event stands for theirs: there is no product.updated for each of them, and their sequences go on with a gap.';
export const categoryDeleted = defineEvent('category.deleted', data.meta({ description: DELETED }), {
  about: 'A category was deleted; products that stood on it have left it.',
  sample,
});
