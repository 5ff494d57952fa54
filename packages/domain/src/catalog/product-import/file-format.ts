import type { Currency } from '../../kernel/money.ts';
import type { CsvRow } from './csv-file.ts';
import type { FileColumns } from './file-columns.ts';
import type { ImportedProduct, RowFault } from './imported-product.ts';
import type { ImportFormat } from './product-import.schema.ts';

/** What a format's reader may be told besides the file. */
export interface FormatSettings {
  /** Of prices without one. */
  currency: Currency;
}

/** One way to write products into rows. */
export interface FileFormat {
  readonly name: ImportFormat;
  /** Whether a header looks like this format. */
  recognises(header: readonly string[]): boolean;
  /** Throws `ImportFileUnfit` naming the columns that are missing or wrong. */
  columnsOf(header: readonly string[]): FileColumns;
  /** The rows of one product. Faults that are not notes refuse it. */
  productOf(rows: readonly CsvRow[], columns: FileColumns, settings: FormatSettings): ProductRead;
  /** The field in which something is said that a fault's pointer (below the product or the variant) is about. */
  fieldAt(pointer: readonly string[]): string | undefined;
  /** Fields that count stock: read only for those who may. */
  isStock(field: string): boolean;
}

export interface ProductRead {
  /** Undefined when a fault refuses it. */
  product: ImportedProduct | undefined;
  faults: RowFault[];
}

/** The product, unless a fault other than a note was found. */
export const unlessRefused = (product: ImportedProduct, faults: RowFault[]): ProductRead => ({
  product: faults.every(({ isNote }) => isNote) ? product : undefined,
  faults,
});
