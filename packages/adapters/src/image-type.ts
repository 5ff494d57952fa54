import type { TypeOf } from '@souk/domain/catalog/files/image-ports';

/** Tells by magic bytes what a file is. The library is loaded with the first file. */
export const imageTypeOf: TypeOf = async (head) => {
  const { fileTypeFromBuffer } = await import('file-type');
  return (await fileTypeFromBuffer(head))?.mime;
};
