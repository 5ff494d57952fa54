import { z } from 'zod';
import { countryCode } from '../../company/companies/companies.contract.ts';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { listQuery, pageOf } from '../../kernel/page.ts';
import { text } from '../../kernel/text.ts';

const LOCATION_NAME_LENGTH_MAX = 80;
const LOCATION_HANDLE_LENGTH_MAX = 60;
const PRIORITY_MAX = 10_000;

const locationHandle = z
  .string()
  .trim()
  .min(1)
  .max(LOCATION_HANDLE_LENGTH_MAX)
  .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, {
    error: 'Expected small letters, digits and single dashes between them, like lagos-island.',
  })
  .meta({ example: 'lagos-island' });

const address = z
  .strictObject({
    line1: text(120),
    line2: text(120).optional(),
    city: text(80),
    region: text(80).optional(),
    postcode: text(20).optional(),
    country: countryCode,
  })
  .nullable();

const priority = z.int().min(0).max(PRIORITY_MAX).meta({
  description: 'Orders are taken from the location with the lowest number that has the whole line.',
});
const name = text(LOCATION_NAME_LENGTH_MAX).meta({ example: 'Lagos Island' });

export const newLocation = z.strictObject({
  name,
  handle: locationHandle,
  address: address.default(null),
  priority: priority.default(0),
  isActive: z.boolean().default(true).meta({ description: 'Goods at a location that is not active cannot be sold.' }),
});
export type NewLocation = z.infer<typeof newLocation>;

export const locationPatch = z.strictObject({
  name: name.optional(),
  handle: locationHandle.optional(),
  address: address.optional(),
  priority: priority.optional(),
  isActive: z.boolean().optional(),
});
export type LocationPatch = z.infer<typeof locationPatch>;

export const locationView = z.object({
  id: idOf('loc'),
  name: z.string(),
  handle: z.string(),
  address: z.record(z.string(), z.string()).nullable(),
  priority: z.int(),
  isActive: z.boolean(),
  version: z.int(),
  createdAt: instant,
  updatedAt: instant,
});
export type LocationView = z.infer<typeof locationView>;

export const locationsQuery = listQuery;
export const locationsPage = pageOf(locationView);
