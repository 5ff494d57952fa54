import { Readable } from 'node:stream';
import type { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { FileStore, SignedRequest } from '@souk/domain/catalog/files/file-store';
import { FileGone } from '@souk/domain/catalog/files/files.errors';
import { attachmentNamed } from './attachment-name.ts';
import { measured } from './measured.ts';
import { checkedKey, checkedPrefix } from './object-key.ts';

const DELETED_AT_ONCE = 8;
/** Larger objects go up in parts of this size, so that their length need not be known; S3 wants at least 5 MiB. */
const PART_BYTES = 8 * 1_048_576;
/** A store that says nothing must not hold up whoever waits for it: until connected, until it answers, between two pieces. */
const PATIENCE_MS = { connect: 5_000, answer: 30_000, piece: 30_000 };

export interface S3FileStoreOptions {
  bucket: string;
  region: string;
  /** Left out: that of AWS in the region. */
  endpoint?: string;
  /** Under which browsers reach the same store. Left out: `endpoint`. */
  publicEndpoint?: string;
  /** Left out: whatever the machine's role gives. */
  credentials?: { accessKeyId: string; secretAccessKey: string };
  /** `endpoint/bucket/key` instead of `bucket.endpoint/key`; most stores that are not AWS want it. */
  forcePathStyle?: boolean;
  /** Several stores that are not AWS refuse the newer checksums. */
  checksums: 'when_required' | 'when_supported';
  /** For tests. */
  patienceMs?: typeof PATIENCE_MS;
}

/** The file store in an S3 bucket. The SDK is loaded with the first use. */
export function s3FileStore(options: S3FileStoreOptions): FileStore {
  const bucket = new Bucket(options);
  return {
    put: async (key, content, how) => bucket.put(checkedKey(key), content, how),
    open: async (key, how) => bucket.open(checkedKey(key), how?.start ?? 0),
    sizeOf: async (key) => bucket.sizeOf(checkedKey(key)),
    delete: async (keys) => bucket.delete(keys.map(checkedKey)),
    list: (prefix) => bucket.list(checkedPrefix(prefix)),
    signUpload: async (key, how) => bucket.signUpload(checkedKey(key), how),
    signDownload: async (key, how) => bucket.signDownload(checkedKey(key), how),
  };
}

const load = () => import('@aws-sdk/client-s3');

class Bucket {
  private client: Promise<S3Client> | undefined;
  private publicClient: Promise<S3Client> | undefined;

  constructor(private readonly options: S3FileStoreOptions) {}

  private get patience() {
    return this.options.patienceMs ?? PATIENCE_MS;
  }

  /** Whole or not at all: one request if it is small, else parts that become an object when all of them are there. */
  async put(key: string, content: AsyncIterable<Uint8Array>, how: { contentType: string; sizeMax: number }) {
    const { content: passing, result } = measured(content, how.sizeMax);
    const pieces = inParts(passing);
    const first = await pieces.next();
    const second = await pieces.next();
    const small = first.done ? Buffer.alloc(0) : first.value;
    if (second.done) {
      const { PutObjectCommand: Put } = await load();
      await (await this.s3()).send(
        new Put({ ...this.at(key), Body: small, ContentType: how.contentType, ContentLength: small.length }),
      );
      return result();
    }
    await this.putParts(key, how.contentType, [small, second.value], pieces);
    return result();
  }

  private async putParts(
    key: string,
    contentType: string,
    begun: Buffer[],
    rest: AsyncGenerator<Buffer>,
  ): Promise<void> {
    const sdk = await load();
    const s3 = await this.s3();
    const { UploadId } = await s3.send(
      new sdk.CreateMultipartUploadCommand({ ...this.at(key), ContentType: contentType }),
    );
    const upload = { ...this.at(key), UploadId };
    const parts: { PartNumber: number; ETag: string | undefined }[] = [];
    const send = async (part: Buffer) => {
      const PartNumber = parts.length + 1;
      const { ETag } = await s3.send(
        new sdk.UploadPartCommand({ ...upload, PartNumber, Body: part, ContentLength: part.length }),
      );
      parts.push({ PartNumber, ETag });
    };
    try {
      for (const part of begun) await send(part);
      for await (const part of rest) await send(part);
      await s3.send(new sdk.CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: parts } }));
    } catch (error) {
      await s3.send(new sdk.AbortMultipartUploadCommand(upload)).catch(() => undefined);
      throw error;
    }
  }

  async open(key: string, start: number): Promise<Readable> {
    const { GetObjectCommand: Get } = await load();
    const range = start > 0 ? { Range: `bytes=${start}-` } : {};
    try {
      const { Body } = await (await this.s3()).send(new Get({ ...this.at(key), ...range }));
      if (Body instanceof Readable) return unlessSilent(Body, this.patience.piece);
      throw new Error('S3 answered without a body');
    } catch (error) {
      if (isMissing(error)) throw new FileGone();
      // From behind the end there is nothing, which S3 calls a fault.
      if (nameOf(error) === 'InvalidRange' || statusOf(error) === 416) return Readable.from([]);
      throw error;
    }
  }

  async sizeOf(key: string): Promise<number | undefined> {
    const { HeadObjectCommand } = await load();
    try {
      const { ContentLength } = await (await this.s3()).send(new HeadObjectCommand(this.at(key)));
      return ContentLength;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** One by one: the request for many at once needs checksums that several stores do not know. */
  async delete(keys: readonly string[]): Promise<void> {
    const { DeleteObjectCommand } = await load();
    const s3 = await this.s3();
    for (let at = 0; at < keys.length; at += DELETED_AT_ONCE) {
      const some = keys.slice(at, at + DELETED_AT_ONCE);
      await Promise.all(some.map((key) => s3.send(new DeleteObjectCommand(this.at(key)))));
    }
  }

  async *list(prefix: string): AsyncGenerator<{ key: string; modifiedAt: Date }> {
    const { ListObjectsV2Command } = await load();
    let token: string | undefined;
    do {
      const page = await (await this.s3()).send(
        new ListObjectsV2Command({ Bucket: this.options.bucket, Prefix: prefix, ContinuationToken: token }),
      );
      for (const { Key, LastModified } of page.Contents ?? []) {
        if (Key !== undefined && LastModified) yield { key: Key, modifiedAt: LastModified };
      }
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  async signUpload(
    key: string,
    { contentType, sizeBytes, expiresInSeconds }: { contentType: string; sizeBytes: number; expiresInSeconds: number },
  ): Promise<SignedRequest> {
    const { PutObjectCommand: Put } = await load();
    const command = new Put({ ...this.at(key), ContentType: contentType, ContentLength: sizeBytes });
    return this.sign(command, 'PUT', expiresInSeconds, { 'content-type': contentType });
  }

  async signDownload(
    key: string,
    { fileName, contentType, expiresInSeconds }: { fileName: string; contentType: string; expiresInSeconds: number },
  ): Promise<SignedRequest> {
    const { GetObjectCommand: Get } = await load();
    const ResponseContentDisposition = attachmentNamed(fileName);
    const command = new Get({ ...this.at(key), ResponseContentDisposition, ResponseContentType: contentType });
    return this.sign(command, 'GET', expiresInSeconds, {});
  }

  private async sign(
    command: PutObjectCommand | GetObjectCommand,
    method: 'PUT' | 'GET',
    expiresIn: number,
    headers: Record<string, string>,
  ): Promise<SignedRequest> {
    const { getSignedUrl } = await import('@aws-sdk/s3-request-presigner');
    const expiresAt = new Date(Date.now() + expiresIn * 1_000).toISOString();
    // Type and length stand among the signed headers: a body of another size or type is refused by the store.
    const signableHeaders = new Set(['host', 'content-type', 'content-length']);
    const url = await getSignedUrl(await this.forBrowsers(), command, { expiresIn, signableHeaders });
    return { url, method, headers, expiresAt };
  }

  private at(key: string) {
    return { Bucket: this.options.bucket, Key: key };
  }

  private s3(): Promise<S3Client> {
    this.client ??= this.connect(this.options.endpoint);
    return this.client;
  }

  private forBrowsers(): Promise<S3Client> {
    this.publicClient ??= this.connect(this.options.publicEndpoint ?? this.options.endpoint);
    return this.publicClient;
  }

  private async connect(endpoint: string | undefined): Promise<S3Client> {
    const { S3Client: Client } = await load();
    const { region, credentials, forcePathStyle, checksums } = this.options;
    const mode = checksums === 'when_required' ? 'WHEN_REQUIRED' : 'WHEN_SUPPORTED';
    return new Client({
      region,
      endpoint,
      credentials,
      forcePathStyle: forcePathStyle ?? endpoint !== undefined,
      requestChecksumCalculation: mode,
      responseChecksumValidation: mode,
      requestHandler: {
        connectionTimeout: this.patience.connect,
        requestTimeout: this.patience.answer,
        throwOnRequestTimeout: true,
      },
    });
  }
}

/** The same bytes; an error when the next piece does not come. However long the reader takes in between is its affair. */
function unlessSilent(body: Readable, ms: number): Readable {
  const pieces = body[Symbol.asyncIterator]();
  async function* all(): AsyncGenerator<unknown> {
    for (;;) {
      const timer = setTimeout(() => body.destroy(new Error(`S3 sent nothing for ${ms / 1_000} s`)), ms);
      const next = await pieces.next().finally(() => clearTimeout(timer));
      if (next.done) return;
      yield next.value;
    }
  }
  const content = Readable.from(all(), { objectMode: false });
  // Whoever stops reading hangs up, also while a piece is waited for.
  return content.on('close', () => body.destroy());
}

/** The bytes in buffers of one part's size; the last one may be shorter. */
async function* inParts(content: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let waiting: Uint8Array[] = [];
  let size = 0;
  for await (const piece of content) {
    waiting.push(piece);
    size += piece.byteLength;
    if (size < PART_BYTES) continue;
    yield Buffer.concat(waiting);
    waiting = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(waiting);
}

const nameOf = (error: unknown) => (error instanceof Error ? error.name : '');
const statusOf = (error: unknown): number | undefined =>
  (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode;
const isMissing = (error: unknown) => ['NoSuchKey', 'NotFound'].includes(nameOf(error)) || statusOf(error) === 404;
