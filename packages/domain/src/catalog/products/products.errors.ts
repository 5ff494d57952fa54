import { DomainError, type FieldFault, InvalidInput } from '../../kernel/errors.ts';

/** Two products of a company never have the same handle at the same time. */
export class HandleTaken extends DomainError {
  readonly code = 'handle_taken';
  readonly status = 409;
  override readonly faults: readonly FieldFault[];
  constructor(faults?: readonly FieldFault[]) {
    super('Another product has this handle. Choose another one.');
    this.faults = faults ?? [{ pointer: '/handle', code: this.code, message: this.message }];
  }
}

/** Two variants of a company that are for sale never have the same SKU. */
export class SkuTaken extends DomainError {
  readonly code = 'sku_taken';
  readonly status = 409;
  override readonly faults: readonly FieldFault[];
  constructor(faults?: readonly FieldFault[]) {
    super(faults?.[0]?.message ?? 'Another variant has one of these SKUs. Choose others.');
    this.faults = faults ?? [{ pointer: '/variants', code: this.code, message: this.message }];
  }
}

/** A status that does not lead to the one asked for. */
export class StatusMoveRefused extends DomainError {
  readonly code = 'status_move_refused';
  readonly status = 409;
  constructor(from: string, to: string, next: string) {
    super(`A product that is ${from} cannot become ${to}. ${next}`);
  }
}

/** The error that says to one caller what a batch says in a list. */
export function refusalOf(faults: readonly [FieldFault, ...FieldFault[]]): DomainError {
  if (faults.every(({ code }) => code === 'handle_taken')) return new HandleTaken(faults);
  if (faults.every(({ code }) => code === 'sku_taken')) return new SkuTaken(faults);
  return new InvalidInput(...faults);
}
