import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { KeptBooks, PaystackBooks } from './paystack-simulator-books.ts';

const WRITE_AFTER_MS = 200;
const FORM = 1;

/** Keeps the books in a file. Without one, nothing is kept. */
export class BooksFile {
  readonly #path: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #books: PaystackBooks | undefined;

  constructor(path: string | undefined) {
    this.#path = path;
  }

  /** Fills the books with what was kept. A file that cannot be read is put aside: a simulator must not stop a start. */
  load(books: PaystackBooks): void {
    this.#books = books;
    if (this.#path === undefined) return;
    try {
      // Our own file; a form of another time is put aside below.
      const { form, kept } = JSON.parse(readFileSync(this.#path, 'utf8')) as { form: number; kept: KeptBooks };
      if (form !== FORM) throw new Error(`the form ${form}`);
      books.load(kept);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
      renameSync(this.#path, `${this.#path}.unreadable`);
    }
  }

  /** Writes soon. */
  changed(): void {
    if (this.#path === undefined) return;
    this.#timer ??= setTimeout(() => this.write(), WRITE_AFTER_MS);
  }

  /** Writes now, as a whole or not at all. */
  write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#path === undefined || !this.#books) return;
    mkdirSync(dirname(this.#path), { recursive: true });
    const next = `${this.#path}.next`;
    // Keys of merchants are in it.
    writeFileSync(next, JSON.stringify({ form: FORM, kept: this.#books.kept() }), { mode: 0o600 });
    renameSync(next, this.#path);
  }
}
