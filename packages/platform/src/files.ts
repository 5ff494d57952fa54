import { hkdfSync } from 'node:crypto';
import { diskFileStore } from '@souk/adapters/file-store-disk';
import type { S3FileStoreOptions } from '@souk/adapters/file-store-s3';
import { imageTypeOf } from '@souk/adapters/image-type';
import { signedAddresses } from '@souk/adapters/signed-address';
import { useFileSettings } from '@souk/domain/catalog/files/file-settings';
import type { FileStore } from '@souk/domain/catalog/files/file-store';
import type { TypeOf } from '@souk/domain/catalog/files/image-ports';
import type { SignedAddresses } from '@souk/domain/catalog/files/signed-addresses';
import type { FilesConfig } from './config.ts';

/** Where the addresses lead that the file system's store signs: a route of the admin API (`file-contents.controller.ts`). */
const CONTENTS_PATH = '/v1/file-contents';
const MEGABYTE = 1_048_576;
const KEY_BYTES = 32;

/** The file store of a process, and who looks at the addresses it signs. */
export interface Files {
  readonly store: FileStore;
  readonly typeOf: TypeOf;
  /** With a bucket undefined: its addresses lead to the bucket, and we are not asked. */
  readonly addresses: SignedAddresses | undefined;
}

/** Opens the file store the settings name, and sets what holds for files in this process. Nothing is contacted yet. */
export async function openFiles(config: FilesConfig): Promise<Files> {
  useFileSettings({
    address: config.FILES_URL ?? `http://localhost:${config.STOREFRONT_PORT}/files`,
    quotaBytes: config.FILES_QUOTA_MB * MEGABYTE,
    imageBytesMax: config.FILE_MAX_MB * MEGABYTE,
    pixelsMax: config.IMAGE_PIXELS_MAX,
  });
  if (config.S3_BUCKET !== undefined) {
    const { s3FileStore } = await import('@souk/adapters/file-store-s3');
    return {
      store: s3FileStore({ ...bucketOf(config), bucket: config.S3_BUCKET }),
      typeOf: imageTypeOf,
      addresses: undefined,
    };
  }
  if (config.FILES_DIR === undefined) throw new Error('Neither FILES_DIR nor S3_BUCKET is set');
  const addresses = signedAddresses({ keys: signingKeys(config), baseUrl: `${config.ADMIN_URL}${CONTENTS_PATH}` });
  return { store: diskFileStore({ folder: config.FILES_DIR, addresses }), typeOf: imageTypeOf, addresses };
}

function bucketOf(config: FilesConfig): Omit<S3FileStoreOptions, 'bucket'> {
  const { S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = config;
  return {
    region: config.S3_REGION,
    endpoint: config.S3_ENDPOINT,
    publicEndpoint: config.S3_PUBLIC_ENDPOINT,
    credentials: accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : undefined,
    forcePathStyle: config.S3_FORCE_PATH_STYLE,
    checksums: config.S3_CHECKSUMS,
  };
}

/** One for each master key, so that addresses live on while master keys change. RFC 5869; the master keys are random. */
const signingKeys = ({ MASTER_KEYS }: FilesConfig): Buffer[] =>
  [...MASTER_KEYS.values()].map((key) => Buffer.from(hkdfSync('sha256', key, '', 'souk file addresses', KEY_BYTES)));
