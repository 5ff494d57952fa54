import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { listQuery, pageOf } from '../../kernel/page.ts';
import { text } from '../../kernel/text.ts';
import { productFields } from './products.contract.ts';

const NAME_MAX = 80;
const UNIT_MAX = 20;
const CHOICE_MAX = 120;
const CHOICES_MAX = 200;
const POSITION_MAX = 10_000;

const type = z.enum(['text', 'number', 'boolean', 'date', 'choice']);
const choices = z.array(text(CHOICE_MAX)).min(1).max(CHOICES_MAX);

export const newAttribute = z.strictObject({
  key: productFields.attributeKey.meta({ description: 'What products name it by; it cannot be changed.' }),
  name: text(NAME_MAX).meta({ example: 'Screen size' }),
  type: type.meta({ description: 'It cannot be changed.' }),
  unit: text(UNIT_MAX).nullish().meta({ description: 'Of a number.', example: 'inch' }),
  choices: choices.optional().meta({ description: 'Of a choice: what it may be.' }),
  isPublic: z.boolean().default(true).meta({ description: 'Whether visitors of the shop see it.' }),
  position: z.int().min(0).max(POSITION_MAX).default(0),
});
export type NewAttribute = z.infer<typeof newAttribute>;

export const attributePatch = z.strictObject({
  name: text(NAME_MAX).optional(),
  unit: text(UNIT_MAX).nullish(),
  choices: choices.optional().meta({ description: 'All of them. One that a product has cannot go.' }),
  isPublic: z.boolean().optional(),
  position: z.int().min(0).max(POSITION_MAX).optional(),
});
export type AttributePatch = z.infer<typeof attributePatch>;

export const attributeView = z.object({
  id: idOf('attr'),
  key: z.string(),
  name: z.string(),
  type,
  unit: z.string().nullable(),
  choices: z.array(z.string()).nullable(),
  isPublic: z.boolean(),
  position: z.int(),
  version: z.int(),
  createdAt: instant,
  updatedAt: instant,
});
export type AttributeView = z.infer<typeof attributeView>;

export const attributesQuery = listQuery;
export type AttributesQuery = z.infer<typeof attributesQuery>;
export const attributesPage = pageOf(attributeView);
