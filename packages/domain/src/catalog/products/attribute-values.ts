import type { FieldFault } from '../../kernel/errors.ts';
import { ATTRIBUTE_VALUE_MAX } from './product-limits.contract.ts';
import type { AttributeType } from './products.schema.ts';

/** What is known of an attribute when a value is judged. */
export interface AttributeRule {
  readonly key: string;
  readonly type: AttributeType;
  readonly choices: readonly string[] | null;
}

const NUMBER = /^-?\d{1,15}(?:\.\d{1,10})?$/;
const DATE = /^\d{4}-\d{2}-\d{2}$/;

const EXPECTED: Record<AttributeType, string> = {
  text: `text of 1 to ${ATTRIBUTE_VALUE_MAX} characters`,
  number: 'a number, like 12.5',
  boolean: 'true or false',
  date: 'a date, like 2026-11-21',
  choice: 'one of its choices',
};

/** What is wrong with a value, in the canonical text form, of an attribute. */
export function attributeFault(rule: AttributeRule, value: string): FieldFault | undefined {
  if (fits(rule, value)) return undefined;
  const choices = rule.type === 'choice' ? ` (${(rule.choices ?? []).slice(0, 20).join(', ')})` : '';
  const message = `Expected ${EXPECTED[rule.type]}${choices} as ${rule.key}.`;
  return { pointer: `/attributes/${rule.key}`, code: 'attribute_value', message };
}

/** A JSON value as the canonical text of an attribute of any type. */
export const canonicalText = (value: string | number | boolean): string =>
  typeof value === 'string' ? value.trim() : String(value);

function fits({ type, choices }: AttributeRule, value: string): boolean {
  switch (type) {
    case 'text':
      return value.length > 0 && value.length <= ATTRIBUTE_VALUE_MAX;
    case 'number':
      return NUMBER.test(value);
    case 'boolean':
      return value === 'true' || value === 'false';
    case 'date':
      return DATE.test(value) && isDay(value);
    case 'choice':
      return (choices ?? []).includes(value);
  }
}

// February 30th parses to March 2nd, and the 13th month to no time at all.
function isDay(value: string): boolean {
  const time = Date.parse(`${value}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(value);
}
