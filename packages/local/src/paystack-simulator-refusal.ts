/** Paystack says no, in its own form. */
export class PaystackRefusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly nextStep: string;

  constructor(status: number, message: string, { code, nextStep }: { code: string; nextStep: string }) {
    super(message);
    this.status = status;
    this.code = code;
    this.nextStep = nextStep;
  }

  /** The body of the answer. */
  body(): object {
    return {
      status: false,
      message: this.message,
      meta: { nextStep: this.nextStep },
      type: 'validation_error',
      code: this.code,
      errorCodeMappingNotFound: false,
    };
  }
}
