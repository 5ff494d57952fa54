import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { listQuery, pageOf } from '../../kernel/page.ts';
import { text } from '../../kernel/text.ts';
import { pictureView } from './pictures.contract.ts';

const NAME_LENGTH_MAX = 255;

/** The types of picture that are taken. SVG is not among them: it is a program as well. */
export const IMAGE_TYPES = ['image/jpeg', 'image/png', 'image/webp', 'image/avif', 'image/gif'] as const;
export type ImageType = (typeof IMAGE_TYPES)[number];

const fileName = text(NAME_LENGTH_MAX).meta({ example: 'red-shoe.jpg' });
const fileStatus = z.enum(['awaiting_upload', 'remote', 'stored', 'ready', 'failed']).meta({
  description:
    '`awaiting_upload` and `remote`: the bytes are still to come. `stored`: they are here and being looked at. ' +
    '`ready`: there is a picture to show. `failed`: see `failure`.',
});

export const fileView = z.object({
  id: idOf('file'),
  status: fileStatus,
  name: z.string(),
  contentType: z.string().nullable().meta({ description: 'By content once `ready`; before that what was announced.' }),
  sizeBytes: z.int().nullable(),
  picture: pictureView.nullable(),
  sourceUrl: z.string().nullable().meta({ description: 'Where an import found it.' }),
  failure: z.string().nullable(),
  createdAt: instant,
  updatedAt: instant,
});
export type FileView = z.infer<typeof fileView>;

export const filesQuery = listQuery.extend({ status: fileStatus.optional() });
export type FilesQuery = z.infer<typeof filesQuery>;
export const filesPage = pageOf(fileView);

/** What may stand beside the file in a multipart upload. */
export const uploadFields = z.strictObject({
  name: fileName.optional().meta({ description: 'Without it, the name the file was sent with.' }),
});

export const newUpload = z.strictObject({
  name: fileName,
  contentType: z.enum(IMAGE_TYPES),
  sizeBytes: z.int().min(1),
});
export type NewUpload = z.infer<typeof newUpload>;

/** Where to send the bytes. */
export const signedRequest = z.object({
  url: z.string(),
  method: z.enum(['PUT', 'GET']),
  headers: z
    .record(z.string(), z.string())
    .meta({ description: 'Send them exactly so; they are part of the signature.' }),
  expiresAt: instant,
});

export const uploadView = z.object({ file: fileView, upload: signedRequest });
export type UploadView = z.infer<typeof uploadView>;
