import { deflateSync } from 'node:zlib';
import {
  type PictureMaker,
  PictureSlow,
  PictureUnreadable,
  type Rendition,
} from '@souk/domain/catalog/files/image-ports';
import { widthsFor } from '@souk/domain/catalog/files/width-ladder';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { imageTypeOf } from './image-type.ts';
import { sharpPictures } from './sharp-pictures.ts';

const PIXELS_MAX = 2_000_000;
const maker = sharpPictures();

async function developed(original: Uint8Array, by: PictureMaker = maker, pixelsMax = PIXELS_MAX) {
  const renditions: Rendition[] = [];
  const size = await by.develop(
    async () => original,
    { pixelsMax, widthsFor },
    async (one) => void renditions.push(one),
  );
  return { size, renditions };
}
const plain = (width: number, height: number, background = '#336699') =>
  sharp({ create: { width, height, channels: 3, background } });

test('a picture comes in every width of the ladder, in both formats, in proportion', async () => {
  const { size, renditions } = await developed(await plain(1_000, 500).jpeg().toBuffer());
  expect(size).toEqual({ width: 1_000, height: 500 });
  expect(renditions.map(({ width, height, format }) => [width, height, format])).toEqual(
    [160, 320, 640, 960, 1_000].flatMap((width) => [
      [width, width / 2, 'webp'],
      [width, width / 2, 'avif'],
    ]),
  );
  for (const { bytes, format, width } of renditions) {
    expect(await imageTypeOf(bytes)).toBe(`image/${format}`);
    expect((await sharp(bytes).metadata()).width).toBe(width);
  }
});

test('all five formats are read; of one that moves, the first frame', async () => {
  const frames = await Promise.all(['#ff0000', '#00ff00'].map((one) => plain(64, 64, one).png().toBuffer()));
  const moving = await sharp(frames, { join: { animated: true } })
    .gif()
    .toBuffer();
  const still = plain(64, 64, '#ff0000');
  const originals = [
    await still.clone().jpeg().toBuffer(),
    await still.clone().png().toBuffer(),
    await still.clone().webp().toBuffer(),
    await still.clone().avif().toBuffer(),
    moving,
  ];
  for (const original of originals) {
    const { size, renditions } = await developed(original);
    expect(size).toEqual({ width: 64, height: 64 });
    const [red = 0, green = 255] = await sharp(renditions[0]?.bytes).raw().toBuffer();
    expect(red).toBeGreaterThan(200);
    expect(green).toBeLessThan(60);
  }
});

test('place, camera and comments are gone, and the picture stands upright', async () => {
  const original = await plain(300, 100)
    .withExif({
      IFD0: { Make: 'CANARY-CAMERA', Copyright: 'CANARY-OWNER' },
      IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '6/1 27/1 0/1' },
    })
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
  expect(original.includes('CANARY-CAMERA')).toBe(true);
  const { size, renditions } = await developed(original);
  expect(size).toEqual({ width: 100, height: 300 });
  for (const { bytes } of renditions) {
    const { exif, xmp, iptc, orientation, width, height } = await sharp(bytes).metadata();
    expect([exif, xmp, iptc, orientation]).toEqual([undefined, undefined, undefined, undefined]);
    expect(Buffer.from(bytes).includes('CANARY')).toBe(false);
    expect(height).toBeGreaterThan(width);
  }
});

test('transparency stays', async () => {
  const original = await sharp({ create: { width: 40, height: 40, channels: 4, background: '#ff000000' } })
    .png()
    .toBuffer();
  const { renditions } = await developed(original);
  for (const { bytes } of renditions) expect((await sharp(bytes).metadata()).hasAlpha).toBe(true);
});

test('what is hidden behind the end of a picture is not taken along', async () => {
  const polyglot = Buffer.concat([
    await plain(50, 50).gif().toBuffer(),
    Buffer.from('<script>alert("CANARY")</script>'),
  ]);
  const { renditions } = await developed(polyglot);
  for (const { bytes } of renditions) expect(Buffer.from(bytes).includes('CANARY')).toBe(false);
});

test('a picture that says it is huge is refused before it is decoded', async () => {
  await expect(developed(pngClaiming(100_000, 100_000))).rejects.toThrow(PictureUnreadable);
  await expect(developed(pngClaiming(100_000, 100_000), maker, 50_000_000)).rejects.toThrow('100000 × 100000 pixels');
  const justTooLarge = await plain(1_001, 2_000).png().toBuffer();
  await expect(developed(justTooLarge)).rejects.toThrow('at most 2 million');
});

test('what is no picture, or half of one, is refused in words', async () => {
  const whole = await sharp({
    create: {
      width: 200,
      height: 200,
      channels: 3,
      background: 'red',
      noise: { type: 'gaussian', mean: 128, sigma: 30 },
    },
  })
    .png()
    .toBuffer();
  for (const bad of [Buffer.from('not a picture'), whole.subarray(0, whole.length / 2), Buffer.alloc(0)]) {
    await expect(developed(bad)).rejects.toThrow(PictureUnreadable);
  }
  const program = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>1</script></svg>');
  await expect(developed(program)).rejects.toThrow('svg are not taken');
  const tower = await plain(10, 20_000).png().toBuffer();
  await expect(developed(tower)).rejects.toThrow('more than 16383 pixels high');
});

test('a picture so high that a width of it would be huge comes in the smaller widths only', async () => {
  const { renditions } = await developed(await plain(700, 14_000, '#336699').png().toBuffer(), maker, 50_000_000);
  expect(renditions.map(({ width, format }) => `${width}.${format}`)).toEqual([
    '160.webp',
    '160.avif',
    '320.webp',
    '320.avif',
  ]);
});

test('all renditions of a picture share its time, and one that runs out of it may be tried again', async () => {
  const original = await plain(1_000, 1_000).png().toBuffer();
  let kept = 0;
  const slow = sharpPictures({ secondsMax: 1 }).develop(
    async () => original,
    { pixelsMax: PIXELS_MAX, widthsFor },
    async () => {
      kept += 1;
      await new Promise((resolve) => setTimeout(resolve, 400));
    },
  );
  await expect(slow).rejects.toThrow(PictureSlow);
  expect(kept).toBeLessThanOrEqual(3);
});

test('an original is opened when its turn has come', async () => {
  const original = await plain(30, 30).png().toBuffer();
  const order: string[] = [];
  const turn = (name: string) =>
    maker.develop(
      async () => {
        order.push(`open ${name}`);
        return original;
      },
      { pixelsMax: PIXELS_MAX, widthsFor },
      async ({ format }) => void order.push(`${name} ${format}`),
    );
  await Promise.all([turn('a'), turn('b')]);
  expect(order).toEqual(['open a', 'a webp', 'a avif', 'open b', 'b webp', 'b avif']);
});

test('after a bad one the next is made', async () => {
  const good = await plain(30, 30).png().toBuffer();
  const [bad, fine] = await Promise.allSettled([developed(Buffer.from('bad')), developed(good)]);
  expect([bad.status, fine.status]).toEqual(['rejected', 'fulfilled']);
});

/** A PNG of a few hundred bytes whose header says it is of this size. */
function pngClaiming(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 0, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const pixels = deflateSync(Buffer.alloc(100_000));
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
}

/** ISO 3309; Node has one only from 22.2 on. */
function crc32(bytes: Buffer): number {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  return (sum ^ 0xffffffff) >>> 0;
}
