import 'reflect-metadata';
import { describeApi } from '@souk/platform/openapi/description';
import { controllers } from './app.module.ts';

/** What `scripts/openapi.mjs` writes down of this API. */
export const description = describeApi({ name: 'storefront', controllers });
