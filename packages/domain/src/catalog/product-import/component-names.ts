import { valuesOf } from './csv-cells.ts';
import type { ComponentName } from './imported-product.ts';

const PART = /^(\d{1,6}) x (?:sku ([\s\S]+)|product ([^[\]]+?)(?: \[([\s\S]*)\])?)$/;

/** A part of a bundle as a value of a list: `2 x sku MUG-RED`, or `1 x product mug [Red|Large]` where there is no SKU. */
export const componentValue = ({ sku, handle, options, quantity }: ComponentName): string =>
  sku === undefined
    ? `${quantity} x product ${handle}${options.length > 0 ? ` [${options.map((one) => one.replace(/[\\|]/g, '\\$&')).join('|')}]` : ''}`
    : `${quantity} x sku ${sku}`;

/** What such a value says; undefined if it says nothing we know. */
export function componentOf(value: string): ComponentName | undefined {
  const match = PART.exec(value.trim());
  if (!match) return undefined;
  const [, quantity, sku, handle, options] = match;
  const count = Number(quantity);
  if (sku !== undefined) return { sku: sku.trim(), options: [], quantity: count };
  return { handle: handle?.trim(), options: options === undefined ? [] : valuesOf(options), quantity: count };
}
