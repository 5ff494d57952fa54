/** Codes are compared without case and spaces: a shopper types what stands on a leaflet. */
export const codeKeyOf = (code: string): string => code.normalize('NFKC').toLowerCase().replace(/\s+/gu, '');
