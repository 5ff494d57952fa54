import { z } from 'zod';
import { defineEvent } from '../../kernel/events.ts';
import { attributeView } from './attributes.contract.ts';

const data = z.object({ attribute: attributeView });
const sample: z.input<typeof data> = {
  attribute: {
    id: 'attr_01h455vb4pex5vsknk084sn02q',
    key: 'material',
    name: 'Material',
    type: 'choice',
    unit: null,
    choices: ['cotton', 'silk'],
    isPublic: true,
    position: 0,
    version: 1,
    createdAt: '2026-11-21T09:00:00.000Z',
    updatedAt: '2026-11-21T09:00:00.000Z',
  },
};

// Its version is its sequence: both are raised by every change, under the row's lock.
export const attributeCreated = defineEvent('attribute.created', data, {
  about: 'A typed fact that products may have was declared, by hand or by an import.',
  sample,
});
export const attributeUpdated = defineEvent('attribute.updated', data, {
  about: 'A typed fact of products was renamed, or its choices or place changed.',
  sample,
});
export const attributeDeleted = defineEvent('attribute.deleted', data, {
  about: 'A typed fact that no product had was taken away.',
  sample,
});
