import { type FieldFault, InvalidInput } from '../../kernel/errors.ts';
import type { NewShippingOption } from './options.contract.ts';

type Checked = Pick<NewShippingOption, 'basis' | 'rates' | 'freeOver' | 'daysMin' | 'daysMax'>;

/** Throws `InvalidInput` naming everything that does not fit together. */
export function refuseOddOption(option: Checked): void {
  const [first, ...others] = [...rateFaults(option), ...freeOverFaults(option), ...dayFaults(option)];
  if (first) throw new InvalidInput(first, ...others);
}

function rateFaults({ basis, rates }: Checked): FieldFault[] {
  const seen = new Set<string>();
  return rates.flatMap(({ from, price }, at): FieldFault[] => {
    if (basis === 'flat' && from !== 0) {
      const message = 'A flat price has no steps: expected 0. Choose the basis "weight" or "subtotal" for steps.';
      return [{ pointer: `/rates/${at}/from`, code: 'flat_has_no_steps', message }];
    }
    const key = `${price.currency}|${from}`;
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    const message = `There is a price from ${from} on in ${price.currency} already. Name each step once.`;
    return [{ pointer: `/rates/${at}`, code: 'step_twice', message }];
  });
}

function freeOverFaults({ freeOver }: Checked): FieldFault[] {
  const currencies = freeOver.map(({ currency }) => currency);
  return currencies.flatMap((currency, at): FieldFault[] => {
    if (currencies.indexOf(currency) === at) return [];
    const message = `There is an amount in ${currency} already. Name each currency once.`;
    return [{ pointer: `/freeOver/${at}/currency`, code: 'currency_twice', message }];
  });
}

function dayFaults({ daysMin, daysMax }: Checked): FieldFault[] {
  if (daysMin === null || daysMax === null || daysMin <= daysMax) return [];
  return [{ pointer: '/daysMin', code: 'days_out_of_order', message: 'Expected daysMin not to be above daysMax.' }];
}
