import { foreignKey, index, integer, pgTable, text, unique } from 'drizzle-orm/pg-core';
import { bytewiseText } from '../../kernel/column-types.ts';
import { idColumn } from '../../kernel/ids.ts';
import { createdAt, tenantId, updatedAt, walls } from '../../kernel/tables.ts';
import { files } from '../files/files.schema.ts';

/** A tree of shelves. A product may stand on several. */
export const categories = pgTable(
  'categories',
  {
    ...tenantId('cat'),
    parentId: idColumn('cat', 'parent_id'),
    /**
     * The ids from the root down to this one, each followed by a slash. Everything below a category is one range of it:
     * `path >= 'a/b/' and path < 'a/b0'` (`0` is the character after `/`), which compares by byte and uses the index.
     */
    path: bytewiseText('path').notNull(),
    handle: bytewiseText('handle').notNull(),
    name: text('name').notNull(),
    description: text('description').notNull().default(''),
    position: integer('position').notNull().default(0),
    imageId: idColumn('file', 'image_id'),
    seoTitle: text('seo_title'),
    seoDescription: text('seo_description'),
    version: integer('version').notNull().default(1),
    eventSequence: integer('event_sequence').notNull().default(1),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    ...walls(t),
    unique('categories_handle').on(t.companyId, t.handle),
    unique('categories_path').on(t.companyId, t.path),
    index('categories_children').on(t.companyId, t.parentId, t.position, t.id),
    foreignKey({ columns: [t.companyId, t.parentId], foreignColumns: [t.companyId, t.id] }),
    foreignKey({ columns: [t.companyId, t.imageId], foreignColumns: [files.companyId, files.id] }),
  ],
);
