import { type PictureMaker, PictureSlow, PictureUnreadable } from '@souk/domain/catalog/files/image-ports';
import type { Metadata, Sharp, SharpOptions } from 'sharp';

/** How hard the encoders try, 0 to 6 and 0 to 9: a picture should take seconds of two cores, not minutes. */
const WEBP_EFFORT = 4;
const AVIF_EFFORT = 2;
const WEBP_QUALITY = 80;
const AVIF_QUALITY = 55; // looks like WebP at 80
/** For one picture: decoding and all renditions together. One that takes longer is made to burn our time. */
const SECONDS_MAX = 60;
/** What libvips says when the time it was given is over. */
const TIME_IS_OVER = /^timeout/;
/** Width times height of a rendition. Encoding AVIF takes seconds and gigabytes beyond; only very high pictures come there. */
const RENDITION_PIXELS_MAX = 8_000_000;
/** Of the WebP format. */
const HEIGHT_MAX = 16_383;
/** AVIF is a kind of HEIF. What else libvips can read, SVG and PDF among it, stays unread. */
const FORMATS_READ = new Set(['jpeg', 'png', 'webp', 'heif', 'gif']);

/**
 * Makes pictures with libvips. One at a time in a process, for a large one takes hundreds of megabytes while it is
 * decoded; libvips works on all cores by itself. The library is loaded with the first picture.
 */
export function sharpPictures({ secondsMax = SECONDS_MAX } = {}): PictureMaker {
  let last: Promise<unknown> = Promise.resolve();
  return {
    develop(open, how, keep) {
      const mine = last.then(async () => develop(await open(), how, keep, new Deadline(secondsMax)));
      last = mine.catch(() => undefined);
      return mine;
    },
  };
}

async function develop(
  original: Uint8Array,
  { pixelsMax, widthsFor }: Parameters<PictureMaker['develop']>[1],
  keep: Parameters<PictureMaker['develop']>[2],
  deadline: Deadline,
): Promise<{ width: number; height: number }> {
  const sharp = await load();
  const input: SharpOptions = { limitInputPixels: pixelsMax, failOn: 'error', sequentialRead: true };
  // Looking at the header decodes nothing, so no limit is needed to learn what it says.
  const size = sizeFrom(await attempt(() => sharp(original, { limitInputPixels: false }).metadata()), pixelsMax);
  const widths = affordable(widthsFor(size.width), size);
  const widest = widths.at(-1) ?? size.width;
  if ((size.height * widest) / size.width > HEIGHT_MAX) {
    throw new PictureUnreadable(
      `The picture is more than ${HEIGHT_MAX} pixels high, even made smaller. Cut it in parts.`,
    );
  }
  // Decoded, turned and brought to sRGB once; without `keepMetadata()` nothing but the pixels is taken along.
  const upright = sharp(original, input).autoOrient().resize({ width: widest, withoutEnlargement: true });
  const { data, info } = await deadline.hold(upright.toColourspace('srgb').raw());
  const pixels = { raw: { width: info.width, height: info.height, channels: info.channels } };
  for (const width of widths) {
    const resized = sharp(data, { ...pixels, limitInputPixels: false }).resize({ width });
    for (const [format, encoded] of encodings(resized)) {
      const made = await deadline.hold(encoded);
      await keep({ width, height: made.info.height, format, bytes: made.data });
    }
  }
  return size;
}

/** The widths at which a picture this high is not too large to be made; the first in any case. */
function affordable(widths: number[], size: { width: number; height: number }): number[] {
  const [first, ...wider] = widths;
  const isAffordable = (width: number) => width * ((size.height * width) / size.width) <= RENDITION_PIXELS_MAX;
  return first === undefined ? [] : [first, ...wider.filter(isAffordable)];
}

/** One picture's time, from when its turn has come. */
class Deadline {
  private readonly end: number;

  constructor(private readonly seconds: number) {
    this.end = performance.now() + seconds * 1_000;
  }

  /** What a pipeline makes, if it makes it in the time that is left. Throws `PictureSlow`, `PictureUnreadable`. */
  hold(pipeline: Sharp) {
    const left = Math.ceil((this.end - performance.now()) / 1_000);
    if (left <= 0) throw new PictureSlow(this.seconds);
    return attempt(async () => {
      try {
        return await pipeline.timeout({ seconds: left }).toBuffer({ resolveWithObject: true });
      } catch (error) {
        if (error instanceof Error && TIME_IS_OVER.test(error.message)) throw new PictureSlow(this.seconds);
        throw error;
      }
    });
  }
}

const encodings = (picture: Sharp) =>
  [
    ['webp', picture.clone().webp({ quality: WEBP_QUALITY, effort: WEBP_EFFORT })],
    ['avif', picture.clone().avif({ quality: AVIF_QUALITY, effort: AVIF_EFFORT })],
  ] as const;

/** As it is meant to be seen. A picture that says it is huge is refused before it is decoded. */
function sizeFrom(
  { format, width, height, autoOrient }: Metadata,
  pixelsMax: number,
): { width: number; height: number } {
  if (!FORMATS_READ.has(format)) throw new PictureUnreadable(`Pictures of the format ${format} are not taken.`);
  if (width * height > pixelsMax) {
    throw new PictureUnreadable(
      `The picture has ${width} × ${height} pixels; at most ${Math.floor(pixelsMax / 1_000_000)} million are taken.`,
    );
  }
  return { width: autoOrient.width, height: autoOrient.height };
}

/** What libvips cannot read will not get readable. */
async function attempt<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof PictureSlow) throw error;
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw new PictureUnreadable(`The picture cannot be read (${why.slice(0, 200)}). Save it anew and send it again.`);
  }
}

async function load() {
  const { default: sharp } = await import('sharp');
  sharp.cache(false); // each picture comes once
  return sharp;
}
