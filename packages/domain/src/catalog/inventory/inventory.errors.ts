import { DomainError, type FieldFault } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';

/** Another location of the company has this handle. */
export class LocationHandleTaken extends DomainError {
  readonly code = 'location_handle_taken';
  readonly status = 409;
  constructor(handle: string) {
    super(`There is a stock location with the handle ${handle} already. Choose another one.`);
  }
}

/** More places than a company can be asked to look at for every order. */
export class TooManyLocations extends DomainError {
  readonly code = 'too_many_locations';
  readonly status = 409;
  constructor(max: number) {
    super(`There are ${max} stock locations already, which is the most. Rename one that is switched off, and use it.`);
  }
}

/** A company always has a place to sell from. */
export class LastActiveLocation extends DomainError {
  readonly code = 'last_active_location';
  readonly status = 409;
  constructor() {
    super('This is the only active stock location, so it cannot be switched off. Switch another one on first.');
  }
}

/** What is there of a line that could not be reserved. */
export interface Shortage {
  /** Its place among the lines, from 0. */
  line: number;
  variantId: Id<'var'>;
  requested: number;
  /** What the lines before it leave; of a bundle, how many of it can be made. */
  available: number;
}

/** Not all of it is there, so nothing was reserved. Names each line that does not fit. */
export class InsufficientStock extends DomainError {
  readonly code = 'insufficient_stock';
  readonly status = 409;
  override readonly faults: readonly FieldFault[];
  readonly shortages: readonly Shortage[];
  constructor(shortages: readonly Shortage[]) {
    super('There is not enough in stock. Ask for what is available, or leave it out.');
    this.shortages = shortages;
    this.faults = shortages.map(({ line, requested, available }) => ({
      pointer: `/lines/${line}/quantity`,
      code: 'insufficient_stock',
      message: available === 0 ? 'None is available.' : `${available} are available, not ${requested}.`,
    }));
  }
}

/** Somebody was faster by a moment, and what was written meanwhile has to be undone. For whoever tries again with care; no answer. */
export class GoodsTaken extends Error {
  constructor() {
    super('Stock was taken between looking and reserving');
    this.name = 'GoodsTaken';
  }
}

/** Less is reserved for the owner than is to be sent. */
export class NotReserved extends DomainError {
  readonly code = 'not_reserved';
  readonly status = 409;
  constructor(variantId: Id<'var'>, wanted: number, held: number) {
    super(`${held} of ${variantId} are reserved for this, not ${wanted}. Look at its reservations, and ask for those.`);
  }
}

/** A counter would go below zero. */
export class StockBelowZero extends DomainError {
  readonly code = 'stock_below_zero';
  readonly status = 409;
  constructor(message: string) {
    super(message);
  }

  static byChange(subject: string, onHand: number, delta: number): StockBelowZero {
    return new StockBelowZero(
      `There are ${onHand} of ${subject} on hand, which cannot be changed by ${delta}. Count again, or use setTo.`,
    );
  }

  /** A transfer takes what is on hand and promised to nobody. */
  static byTransfer(variantId: Id<'var'>, { onHand, reserved }: { onHand: number; reserved: number }, wanted: number) {
    const there = `Of ${variantId} ${onHand} are on hand, ${reserved} of them promised`;
    return new StockBelowZero(`${there}; ${wanted} cannot leave. Send fewer, or release holds.`);
  }

  /** Promised goods leave the shelf on which they are promised. */
  static byFulfilment(variantId: Id<'var'>, locationId: Id<'loc'>, onHand: number, leaving: number, elsewhere: number) {
    const there = `Of ${variantId} ${onHand} are on hand at ${locationId}, where ${leaving} are to leave`;
    const advice =
      elsewhere > 0
        ? `${elsewhere} lie at other locations: send them there with a stock transfer first, or, if they are promised, adjust both counts.`
        : 'Count again, or wait until they have come.';
    return new StockBelowZero(`${there}. ${advice}`);
  }
}

/** Somebody changed the count since the caller looked. */
export class StockChanged extends DomainError {
  readonly code = 'stock_changed';
  readonly status = 409;
  constructor(subject: string, expected: number, present: number) {
    super(
      `There are ${present} of ${subject} on hand, not ${expected} as expected. Look again, and repeat the change.`,
    );
  }
}

/** The life of a transfer does not allow this move. */
export class TransferNotAllowed extends DomainError {
  readonly code = 'transfer_not_allowed';
  readonly status = 409;
  constructor(status: string, move: string) {
    super(`This transfer is ${status.replace('_', ' ')}, so it cannot be ${move}.`);
  }
}

/** More than a counter is meant to hold. */
export class TooMuchStock extends DomainError {
  readonly code = 'too_much_stock';
  readonly status = 422;
  constructor(subject: string, max: number) {
    super(`There cannot be more than ${max} of ${subject} on hand, promised or on their way at one location.`);
  }
}

/** A bundle is as available as its parts. */
export class BundleHasNoStock extends DomainError {
  readonly code = 'bundle_has_no_stock';
  readonly status = 422;
  constructor(subject: string) {
    super(`${subject} is a bundle and has no stock of its own. Change the stock of its parts.`);
  }
}
