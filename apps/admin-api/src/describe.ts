import 'reflect-metadata';
import '@souk/domain/setup/declarations/declarations';
import { listEventTypes } from '@souk/domain/reach/event-log/event-types';
import { describeApi } from '@souk/platform/openapi/description';
import { controllers } from './app.module.ts';

/** What `scripts/openapi.mjs` writes down of this API. */
export const description = describeApi({ name: 'admin', controllers });

/** Every event there is, for the catalogue. */
export const eventTypes = listEventTypes({}).data;
