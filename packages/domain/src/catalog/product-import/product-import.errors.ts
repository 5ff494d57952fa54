import { DomainError } from '../../kernel/errors.ts';

/** The file as a whole cannot be read. The sentence names what is wrong, where, and the way out; the import ends as failed. */
export class ImportFileUnfit extends Error {
  constructor(sentence: string) {
    super(sentence);
    this.name = 'ImportFileUnfit';
  }
}

/** Only an import that has not ended can be stopped. */
export class ImportEnded extends DomainError {
  readonly code = 'import_ended';
  readonly status = 409;
  constructor(status: string) {
    super(`This import has ended (${status}): there is nothing left to stop. What it imported stays.`);
  }
}

/** Somebody else carries the import on: this worker lost its lease. Nothing of the chunk was kept. */
export class LeaseLost extends Error {
  constructor(id: string) {
    super(`${id} was taken up by another worker meanwhile, or has ended; this one lets go of it.`);
    this.name = 'LeaseLost';
  }
}
