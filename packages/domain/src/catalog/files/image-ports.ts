import type { ImageFormat } from './files.schema.ts';

/** Port: tells by the first bytes of a file what it is, as a media type; undefined if it is nothing known. */
export type TypeOf = (head: Uint8Array) => Promise<string | undefined>;

/** How many bytes `TypeOf` wants to see. */
export const HEAD_BYTES = 4_100;

/** The same picture in another width and format. */
export interface Rendition {
  width: number;
  height: number;
  format: ImageFormat;
  bytes: Uint8Array;
}

/** Port: makes pictures for pages out of what people upload. */
export interface PictureMaker {
  /**
   * Hands over one rendition after the other, in the widths `widthsFor` says and without anything that was hidden in the
   * original (place, camera, owner), turned as it is meant to be seen. Of what moves it takes the first frame. The
   * original is opened when its turn comes: one at a time lies in memory. Throws `PictureUnreadable`, `PictureSlow`, and
   * what `open` throws.
   */
  develop(
    open: () => Promise<Uint8Array>,
    how: { pixelsMax: number; widthsFor(width: number): number[] },
    keep: (rendition: Rendition) => Promise<void>,
  ): Promise<{ width: number; height: number }>;
}

/** This picture will never be shown. The message says why, for whoever uploaded it. */
export class PictureUnreadable extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'PictureUnreadable';
  }
}

/** It took too long this time; a machine with less to do may manage. The message is for whoever uploaded it. */
export class PictureSlow extends Error {
  constructor(seconds: number) {
    super(`Making pictures of it took longer than ${seconds} s.`);
    this.name = 'PictureSlow';
  }
}
