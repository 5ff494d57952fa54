import { Header } from '@nestjs/common';

export { attachmentNamed } from '@souk/adapters/attachment-name';

/** Headers of a handler's answer, all at once. */
export const FileHeaders =
  (headers: Record<string, string>): MethodDecorator =>
  (target, name, descriptor) => {
    for (const [header, value] of Object.entries(headers)) Header(header, value)(target, name, descriptor);
  };
