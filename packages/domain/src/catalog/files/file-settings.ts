/** What a deployment allows and where it shows its pictures. Sizes in bytes. */
export interface FileSettings {
  /** Where visitors fetch pictures, without a slash at its end: pictures lie below it. */
  readonly address: string;
  /** What a company may keep, unless its row in `file_usage` says otherwise. Originals count, renditions do not. */
  readonly quotaBytes: number;
  /** The largest picture taken. */
  readonly imageBytesMax: number;
  /** Width times height of the largest picture that is decoded. */
  readonly pixelsMax: number;
}

const MEGABYTE = 1_048_576;

let settings: FileSettings = {
  address: 'http://localhost:4100/files',
  quotaBytes: 5_120 * MEGABYTE,
  imageBytesMax: 20 * MEGABYTE,
  pixelsMax: 50_000_000,
};

/** Sets what holds for this process. Once, at start; tests change one of them. */
export function useFileSettings(changed: Partial<FileSettings>): void {
  settings = { ...settings, ...changed };
}

/** What holds for this process. */
export const fileSettings = (): FileSettings => settings;
