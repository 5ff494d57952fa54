import type { Id } from '../../kernel/ids.ts';
import { foldKey } from '../../kernel/text.ts';
import { unguarded } from './csv-cells.ts';
import { openCsv } from './csv-file.ts';
import type { FileColumns } from './file-columns.ts';
import type { FileFormat, FormatSettings } from './file-format.ts';
import type { ImportedProduct, RowFault } from './imported-product.ts';
import { ImportFileUnfit } from './product-import.errors.ts';
import type { ImportFormat, RowStretch } from './product-import.schema.ts';
import { type RowGroup, rowGroups } from './row-groups.ts';
import { shopifyFormat } from './shopify-format.ts';
import { soukFormat } from './souk-format.ts';

/** What is saved in one transaction: enough to be worth its statements, short enough for others to get their turn. */
const PRODUCTS_PER_PIECE = 100;
const ROWS_PER_PIECE = 400;
/** The first piece of a file goes alone, and the others wait for it: a small one, where it makes no categories for them. */
const PRODUCTS_IN_FIRST_PIECE = 10;
const NEW_LINE = 0x0a;
const RETURN = 0x0d;

const FORMATS: Record<ImportFormat, FileFormat> = { souk: soukFormat, shopify: shopifyFormat };

export const formatOf = (name: ImportFormat): FileFormat => FORMATS[name];

/** Which format a file's first bytes look like; undefined if like none. */
export async function recognisedFormat(head: Uint8Array): Promise<ImportFormat | undefined> {
  const end = head.findIndex((byte) => byte === NEW_LINE || byte === RETURN);
  try {
    const { header, rows } = await openCsv(once(end < 0 ? head : head.subarray(0, end)));
    await rows.return();
    return Object.values(FORMATS).find((format) => format.recognises(header))?.name;
  } catch {
    return undefined; // the import itself says what is wrong with it
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** What a first reading of a whole file finds. Throws `ImportFileUnfit`: before anything of it is imported. */
export async function inspect(
  content: AsyncIterable<Uint8Array>,
  format: FileFormat,
): Promise<{ columns: FileColumns; rowsTotal: number }> {
  const { header, rows } = await openCsv(content);
  const columns = columnsOf(format, header);
  let rowsTotal = 0;
  for await (const _ of rows) rowsTotal += 1;
  return { columns, rowsTotal };
}

function columnsOf(format: FileFormat, header: readonly string[]): FileColumns {
  const other = Object.values(FORMATS).find((one) => one !== format && one.recognises(header));
  if (other && !format.recognises(header))
    throw new ImportFileUnfit(
      `The columns are those of the format ${other.name}; the file was sent as ${format.name}.`,
    );
  return format.columnsOf(header);
}

/** Some products of a file, to be saved together. */
export interface Piece {
  groups: PieceGroup[];
  stretch: RowStretch;
  /** Refer to products before them. */
  isOfBundles: boolean;
}

export interface PieceGroup {
  handle: string;
  rowNumber: number;
  stretch: RowStretch;
  /** Rows before it are done already: it does not go together with what was read last. */
  isBehindGap: boolean;
  /** Undefined: refused for the faults. */
  product: ImportedProduct | undefined;
  faults: RowFault[];
  /** SKUs as they stand in the rows, folded. */
  skus: string[];
}

export interface SeenNames {
  skus: Set<string>;
  handles: Set<string>;
}

/** A file that is being read piece by piece, the next piece while the last one is saved. */
export class ImportReading {
  private coming: Promise<Piece | undefined> | undefined;
  private left: PieceGroup | undefined;
  private isAtEnd = false;
  private rowsRead = 0;
  /** Rows behind the piece that was given last. */
  rowsDone = 0;
  /** What the pieces behind us hold: SKUs (folded) and handles. */
  readonly behind: SeenNames = { skus: new Set(), handles: new Set() };

  private constructor(
    readonly importId: Id<'pim'> | undefined,
    readonly columns: FileColumns,
    private readonly groups: AsyncGenerator<RowGroup>,
    private readonly format: FileFormat,
    private readonly settings: FormatSettings,
    private readonly ahead: readonly RowStretch[],
  ) {}

  /** Opens a file; rows that are done are passed over. Throws `ImportFileUnfit`. */
  static async open(
    content: AsyncIterable<Uint8Array>,
    how: {
      importId?: Id<'pim'>;
      format: FileFormat;
      settings: FormatSettings;
      rowsDone: number;
      ahead?: readonly RowStretch[];
      /** Stock columns are passed over as if they were not there. */
      withoutStock: boolean;
    },
  ): Promise<ImportReading> {
    const { header, rows } = await openCsv(content);
    const all = columnsOf(how.format, header);
    const columns = how.withoutStock ? all.without(how.format.isStock) : all;
    const groups = rowGroups(rows, { handleAt: columns.at('handle') ?? 0, width: columns.width });
    const done = [{ from: 0, to: how.rowsDone }, ...(how.ahead ?? [])];
    const reading = new ImportReading(how.importId, columns, groups, how.format, how.settings, done);
    reading.rowsDone = how.rowsDone;
    return reading;
  }

  /** The next piece; undefined at the end. Throws `ImportFileUnfit`. */
  async next(): Promise<Piece | undefined> {
    const piece = await (this.coming ?? this.read());
    this.coming = undefined;
    if (!piece) return undefined;
    this.coming = this.read();
    this.coming.catch(() => undefined); // whoever asks for it hears of it
    this.rowsDone = piece.stretch.to;
    return piece;
  }

  /** Says that a piece is done. */
  remember(piece: Piece): void {
    for (const { handle, skus } of piece.groups) this.see(handle, skus);
  }

  private see(handle: string, skus: readonly string[]): void {
    this.behind.handles.add(handle);
    for (const sku of skus) this.behind.skus.add(sku);
  }

  async close(): Promise<void> {
    await this.coming?.catch(() => undefined);
    await this.groups.return(undefined);
  }

  private async read(): Promise<Piece | undefined> {
    const groups: PieceGroup[] = [];
    const isFirst = this.rowsDone === 0 && this.rowsRead === 0;
    const isSmall = isFirst && this.columns.at('categories') === undefined;
    const most = isSmall ? PRODUCTS_IN_FIRST_PIECE : PRODUCTS_PER_PIECE;
    let rows = 0;
    let isOfBundles: boolean | undefined;
    while (groups.length < most && rows < ROWS_PER_PIECE) {
      const group = this.left ?? (await this.group());
      this.left = undefined;
      if (!group) break;
      // Bundles refer to what comes before them: that is saved first.
      const isBundle = group.product?.kind === 'bundle';
      const isOther = group.product && isOfBundles !== undefined && isBundle !== isOfBundles;
      if (groups.length > 0 && (isOther || group.isBehindGap)) {
        this.left = group;
        break;
      }
      if (group.product) isOfBundles = isBundle;
      groups.push(group);
      rows += group.product?.variants.length ?? 1;
    }
    const [first, last] = [groups[0], groups.at(-1)];
    if (!first || !last) return undefined;
    return { groups, stretch: { from: first.stretch.from, to: last.stretch.to }, isOfBundles: isOfBundles ?? false };
  }

  private async group(): Promise<PieceGroup | undefined> {
    if (this.isAtEnd) return undefined;
    for (let isBehindGap = false; ; isBehindGap = true) {
      const { value, done } = await this.groups.next();
      if (done) {
        this.isAtEnd = true;
        return undefined;
      }
      const stretch = { from: this.rowsRead, to: value.rowsDone };
      this.rowsRead = value.rowsDone;
      if (this.ahead.some(({ from, to }) => from <= stretch.from && stretch.to <= to)) {
        this.see(value.handle, this.skusOf(value));
        continue;
      }
      return { ...this.readGroup(value), stretch, isBehindGap };
    }
  }

  private readGroup(group: RowGroup): Omit<PieceGroup, 'stretch' | 'isBehindGap'> {
    const { handle, rows, fault } = group;
    const read = fault
      ? { product: undefined, faults: [fault] }
      : this.format.productOf(rows, this.columns, this.settings);
    return { handle, rowNumber: rows[0]?.rowNumber ?? 0, ...read, skus: this.skusOf(group) };
  }

  private skusOf({ rows }: RowGroup): string[] {
    const at = this.columns.at('sku');
    if (at === undefined) return [];
    return rows.flatMap(({ cells }) => foldKey(unguarded(cells[at] ?? '')) || []);
  }
}
