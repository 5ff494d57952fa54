import { randomBytes } from 'node:crypto';
import { type CompanyId, suffixOf } from '../../kernel/ids.ts';
import type { FilePurpose, ImageFormat } from './files.schema.ts';

/** 128 random bits: whoever knows the address of a picture was shown it. */
const RANDOM_BYTES = 16;
const SUFFIX = '[0-9a-hjkmnp-tv-z]{26}';
const OBJECT = new RegExp(
  `^(${SUFFIX}/image/[0-9a-f]{32}(?=/(?:original|\\d{1,4}\\.(?:webp|avif))$)|${SUFFIX}/(?:import|export)/[0-9a-f]{32}$)`,
);
const RENDITION = new RegExp(`^${SUFFIX}/image/[0-9a-f]{32}/\\d{1,4}\\.(?:webp|avif)$`);

/** A new place in the store. A picture is a folder there (its original and its renditions), anything else one object. */
export const newStorageKey = (companyId: CompanyId, purpose: FilePurpose): string =>
  `${companyPrefix(companyId)}${purpose}/${randomBytes(RANDOM_BYTES).toString('hex')}`;

/** What every key of a company begins with. */
export const companyPrefix = (companyId: CompanyId): string => `${suffixOf(companyId)}/`;

/** Where the bytes that came in lie. */
export const originalKey = ({ purpose, storageKey }: { purpose: FilePurpose; storageKey: string }): string =>
  purpose === 'image' ? `${storageKey}/original` : storageKey;

export const renditionKey = (storageKey: string, width: number, format: ImageFormat): string =>
  `${storageKey}/${width}.${format}`;

/** The storage key of the file an object belongs to; undefined for what no file consists of, like something half-written. */
export const storageKeyOf = (objectKey: string): string | undefined => OBJECT.exec(objectKey)?.[1];

/** Whether a key names a rendition: the only objects that are open to everybody. */
export const isRendition = (key: string): boolean => RENDITION.test(key);
