import type { FieldFault } from '../../kernel/errors.ts';
import type { DiscountClass } from './discount-facts.ts';
import type { DiscountView, NewDiscount } from './discounts.contract.ts';

/** What a merchant decides about a discount, whole: what was sent, or what stands with the changes on top. */
export type DiscountForm = Pick<
  DiscountView,
  | 'method'
  | 'kind'
  | 'class'
  | 'percentPpm'
  | 'allocation'
  | 'amounts'
  | 'buy'
  | 'getQuantity'
  | 'repeatMax'
  | 'combinesWith'
  | 'startsAt'
  | 'endsAt'
  | 'usageLimit'
  | 'used'
>;

const CLASSES: readonly DiscountClass[] = ['product', 'order', 'shipping'];

const CLASSES_OF: Record<DiscountForm['kind'], readonly [DiscountClass, ...DiscountClass[]]> = {
  percentage: ['order', 'product', 'shipping'],
  fixed_amount: ['order', 'product'],
  fixed_price: ['product'],
  buy_x_get_y: ['product'],
  gift: ['product'],
  free_shipping: ['shipping'],
};

/** The class of a new discount: as said, else the first of its kind. */
export const classOf = ({ kind, class: said }: Pick<NewDiscount, 'kind' | 'class'>): DiscountClass =>
  said ?? CLASSES_OF[kind][0];

/** One of each class stands together unless the merchant says otherwise. */
export const combinesByDefault = (own: DiscountClass): DiscountClass[] => CLASSES.filter((other) => other !== own);

/** What does not fit together, each with its way out. */
export function formFaults(form: DiscountForm): FieldFault[] {
  return [
    ...classFaults(form),
    ...percentFaults(form),
    ...amountFaults(form),
    ...dealFaults(form),
    ...limitFaults(form),
  ];
}

const fault = (pointer: string, code: string, message: string): FieldFault => ({ pointer, code, message });

function classFaults({ kind, class: own, allocation }: DiscountForm): FieldFault[] {
  const faults: FieldFault[] = [];
  const classes = CLASSES_OF[kind];
  if (!classes.includes(own))
    faults.push(fault('/class', 'class_of_other_kind', `A ${kind} discount is of the class ${classes.join(' or ')}.`));
  if (allocation === 'each' && !(kind === 'fixed_amount' && own === 'product'))
    faults.push(fault('/allocation', 'not_for_kind', '"each" is for a fixed amount off products. Leave it out.'));
  return faults;
}

function percentFaults({ kind, percentPpm }: DiscountForm): FieldFault[] {
  const isNeeded = kind === 'percentage' || kind === 'buy_x_get_y';
  if (isNeeded && percentPpm === null)
    return [fault('/percentPpm', 'required', `A ${kind} discount needs percentPpm: 100000 is 10 %, 1000000 is free.`)];
  if (!isNeeded && percentPpm !== null)
    return [fault('/percentPpm', 'not_for_kind', `A ${kind} discount has no percentage. Leave it out.`)];
  return [];
}

function amountFaults({ kind, amounts }: DiscountForm): FieldFault[] {
  const isNeeded = kind === 'fixed_amount' || kind === 'fixed_price';
  const faults = amounts.flatMap(({ currency, amount }, at): FieldFault[] => {
    if (amounts.findIndex((other) => other.currency === currency) !== at)
      return [fault(`/amounts/${at}/currency`, 'named_twice', `${currency} is there twice. Keep one.`)];
    const pointer = `/amounts/${at}/amount`;
    if (isNeeded && amount === null)
      return [fault(pointer, 'required', `A ${kind} discount needs an amount in ${currency}.`)];
    if (!isNeeded && amount !== null)
      return [fault(pointer, 'not_for_kind', `A ${kind} discount has no amount of its own. Leave it out.`)];
    if (kind === 'fixed_amount' && amount === 0)
      return [fault(pointer, 'takes_nothing', 'Nothing would come off. Expected at least 1.')];
    return [];
  });
  if (isNeeded && amounts.length === 0)
    faults.push(fault('/amounts', 'required', `A ${kind} discount needs an amount in at least one currency.`));
  return faults;
}

function dealFaults({ kind, buy, getQuantity, repeatMax }: DiscountForm): FieldFault[] {
  if (kind === 'buy_x_get_y') {
    const faults = buy === null ? [fault('/buy', 'required', 'Say what has to be bought, and how many.')] : [];
    if (getQuantity === null) faults.push(fault('/getQuantity', 'required', 'Say how many are then given.'));
    return faults;
  }
  const odd = Object.entries({ buy, getQuantity, repeatMax }).filter(([, value]) => value !== null);
  return odd.map(([name]) => fault(`/${name}`, 'not_for_kind', `"${name}" is for buy_x_get_y. Leave it out.`));
}

function limitFaults({ combinesWith, startsAt, endsAt, usageLimit, used }: DiscountForm): FieldFault[] {
  const faults: FieldFault[] = [];
  if (new Set(combinesWith).size !== combinesWith.length)
    faults.push(fault('/combinesWith', 'named_twice', 'A class is there twice. Keep one.'));
  if (startsAt !== null && endsAt !== null && Date.parse(startsAt) >= Date.parse(endsAt))
    faults.push(fault('/endsAt', 'window_ends_before_it_begins', 'Expected the end to be after the beginning.'));
  if (usageLimit !== null && usageLimit < used) {
    const message = `It is used in ${used} orders already. Expected at least ${used}; to stop it, pause it.`;
    faults.push(fault('/usageLimit', 'below_used', message));
  }
  return faults;
}
