import path from 'node:path';

/**
 * The `drizzle/` folder: three folders up both from here (packages/platform/src) and from a built app (apps/<app>/dist),
 * into which this file is bundled.
 */
export const MIGRATIONS_FOLDER = path.join(import.meta.dirname, '..', '..', '..', 'drizzle');
