import { type PictureMaker, PictureUnreadable } from '@souk/domain/catalog/files/image-ports';
import type { Metadata, Sharp, SharpOptions } from 'sharp';

/** How hard the encoders try, 0 to 6 and 0 to 9: a picture should take seconds of two cores, not minutes. */
const WEBP_EFFORT = 4;
const AVIF_EFFORT = 2;
const WEBP_QUALITY = 80;
const AVIF_QUALITY = 55; // looks like WebP at 80
/** For one picture: decoding and all renditions. One that takes longer is made to burn our time. */
const SECONDS_MAX = 60;
/** Of the WebP format. */
const HEIGHT_MAX = 16_383;
/** AVIF is a kind of HEIF. What else libvips can read, SVG and PDF among it, stays unread. */
const FORMATS_READ = new Set(['jpeg', 'png', 'webp', 'heif', 'gif']);

/**
 * Makes pictures with libvips. One at a time in a process, for a large one takes hundreds of megabytes while it is
 * decoded; libvips works on all cores by itself. The library is loaded with the first picture.
 */
export function sharpPictures(): PictureMaker {
  let last: Promise<unknown> = Promise.resolve();
  return {
    develop(original, how, keep) {
      const mine = last.then(() => develop(original, how, keep));
      last = mine.catch(() => undefined);
      return mine;
    },
  };
}

const develop: PictureMaker['develop'] = async (original, { pixelsMax, widthsFor }, keep) => {
  const sharp = await load();
  const input: SharpOptions = { limitInputPixels: pixelsMax, failOn: 'error', sequentialRead: true };
  // Looking at the header decodes nothing, so no limit is needed to learn what it says.
  const size = sizeFrom(await attempt(() => sharp(original, { limitInputPixels: false }).metadata()), pixelsMax);
  const widths = widthsFor(size.width);
  const widest = widths.at(-1) ?? size.width;
  if ((size.height * widest) / size.width > HEIGHT_MAX) {
    throw new PictureUnreadable(
      `The picture is more than ${HEIGHT_MAX} pixels high, even made smaller. Cut it in parts.`,
    );
  }
  // Decoded, turned and brought to sRGB once; without `keepMetadata()` nothing but the pixels is taken along.
  const { data, info } = await attempt(() =>
    sharp(original, input)
      .autoOrient()
      .resize({ width: widest, withoutEnlargement: true })
      .toColourspace('srgb')
      .timeout({ seconds: SECONDS_MAX })
      .raw()
      .toBuffer({ resolveWithObject: true }),
  );
  const pixels = { raw: { width: info.width, height: info.height, channels: info.channels } };
  for (const width of widths) {
    const resized = sharp(data, { ...pixels, limitInputPixels: false }).resize({ width });
    for (const [format, encoded] of encodings(resized)) {
      const made = await attempt(() => encoded.timeout({ seconds: SECONDS_MAX }).toBuffer({ resolveWithObject: true }));
      await keep({ width, height: made.info.height, format, bytes: made.data });
    }
  }
  return size;
};

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
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw new PictureUnreadable(`The picture cannot be read (${why.slice(0, 200)}). Save it anew and send it again.`);
  }
}

async function load() {
  const { default: sharp } = await import('sharp');
  sharp.cache(false); // each picture comes once
  return sharp;
}
