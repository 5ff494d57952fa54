import type { FieldFault } from '@souk/domain/kernel/errors';

/** What an error becomes on the wire. `isOurFault`: it goes into the log with its stack, and the caller learns nothing of it. */
export interface Refusal {
  status: number;
  code: string;
  detail: string;
  errors?: FieldFault[];
  retryAfterSeconds?: number;
  headers?: Record<string, string>;
  isOurFault?: boolean;
}
