import { z } from 'zod';
import { fileSettings } from './file-settings.ts';

/** A picture as a page shows it. */
export const pictureView = z.object({
  url: z.string().meta({
    description:
      'The widest WebP. For other widths put one of `widths` in place of the number, for AVIF `.avif` in place of `.webp`.',
    example: 'https://shop.example.com/files/01h455vb4pex5vsknk084sn02q/image/5f0c…/1280.webp',
  }),
  width: z.int().meta({ description: 'Of the original, in pixels, as it is meant to be seen.' }),
  height: z.int(),
  widths: z.array(z.int()).meta({ description: 'There are renditions of these widths, ascending.' }),
});
export type PictureView = z.infer<typeof pictureView>;

/** What of a file's row a picture is made of. */
export interface PictureRow {
  storageKey: string;
  width: number | null;
  height: number | null;
  widths: readonly number[] | null;
}

/** The picture of a file's row; null until its renditions are there. */
export function pictureOf({ storageKey, width, height, widths }: PictureRow): PictureView | null {
  const widest = widths?.at(-1);
  if (width === null || height === null || !widths || widest === undefined) return null;
  return { url: `${fileSettings().address}/${storageKey}/${widest}.webp`, width, height, widths: [...widths] };
}
