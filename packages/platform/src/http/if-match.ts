import { RequestInvalid } from './request-invalid.ts';

/** `"3"`, the weak `W/"3"`, and 3 for those who forget the quotes. */
const FORM = /^(?:W\/)?"?(\d{1,9})"?$/;

/**
 * The version a caller says they have read, from `@Headers('if-match') ifMatch: string | undefined`. Undefined without
 * the header or for `*`. Throws 400 for other forms.
 */
export function expectedVersion(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined || ifMatch === '*') return undefined;
  const version = FORM.exec(ifMatch)?.[1];
  if (version !== undefined) return Number(version);
  const message = 'Expected the version you read, like "3".';
  throw new RequestInvalid([{ pointer: 'If-Match', code: 'invalid_if_match', message }]);
}
