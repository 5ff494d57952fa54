import { ImportFileUnfit } from './product-import.errors.ts';

/** Which columns a file has, by the field they stand for. */
export class FileColumns {
  private readonly places: ReadonlyMap<string, { at: number; name: string }>;
  /** Named in the header and not read by us. */
  readonly ignored: readonly string[];

  private constructor(
    readonly width: number,
    places: Map<string, { at: number; name: string }>,
    ignored: string[],
  ) {
    this.places = places;
    this.ignored = ignored;
  }

  /** Throws `ImportFileUnfit` if two columns stand for the same field. `fieldOf` gives the field of a column's name. */
  static read(header: readonly string[], fieldOf: (name: string) => string | undefined): FileColumns {
    const places = new Map<string, { at: number; name: string }>();
    const ignored: string[] = [];
    for (const [at, title] of header.entries()) {
      const name = title.trim();
      const field = fieldOf(name);
      if (field === undefined) {
        if (name !== '') ignored.push(name);
        continue;
      }
      const twin = places.get(field);
      if (twin)
        throw new ImportFileUnfit(
          `The columns "${twin.name}" (${twin.at + 1}) and "${name}" (${at + 1}) mean the same. Take one of them out.`,
        );
      places.set(field, { at, name });
    }
    return new FileColumns(header.length, places, ignored);
  }

  has(field: string): boolean {
    return this.places.has(field);
  }

  /** The column's name as it stands in the file, null if it has no such column. */
  nameOf(field: string): string | null {
    return this.places.get(field)?.name ?? null;
  }

  at(field: string): number | undefined {
    return this.places.get(field)?.at;
  }

  /** All fields the file has, in the order of its columns. */
  fields(): string[] {
    return [...this.places.keys()];
  }

  /** The same without some fields: they are named among the ignored. */
  without(unread: (field: string) => boolean): FileColumns {
    const kept = [...this.places].filter(([field]) => !unread(field));
    const left = [...this.places].filter(([field]) => unread(field)).map(([, { name }]) => name);
    return new FileColumns(this.width, new Map(kept), [...this.ignored, ...left]);
  }
}
