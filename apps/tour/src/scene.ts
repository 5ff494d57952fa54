import type { Api } from './http.ts';
import type { Narrator } from './narrator.ts';

/** What every chapter is given: who can be asked, and who tells the story. */
export interface Scene {
  readonly admin: Api;
  readonly storefront: Api;
  readonly mailbox: Api;
  readonly tell: Narrator;
  /** Letters and digits of this run, so that names of another run are never in the way. */
  readonly mark: string;
  /** What is to be done when the tour ends, whichever way: nothing may go on because of it. */
  readonly atEnd: (() => Promise<unknown>)[];
}

/** A company and the person who registered it. */
export interface Company {
  readonly id: string;
  readonly handle: string;
  readonly name: string;
  readonly ownerEmail: string;
  /** The admin API, asked by the owner. */
  readonly owner: Api;
  /** The key it was born with. */
  readonly firstKey: string;
}
