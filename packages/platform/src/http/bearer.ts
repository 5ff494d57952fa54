const BEARER = /^bearer +(\S+)$/i;

/** The token in an `Authorization: Bearer …` header; undefined for any other form. */
export const bearerOf = (header: string): string | undefined => BEARER.exec(header)?.[1];
