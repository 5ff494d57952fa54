const FILES_PATH = '/files';

/** The settings that say where the storefront API is. */
export interface StorefrontPlace {
  readonly STOREFRONT_URL?: string | undefined;
  readonly FILES_URL?: string | undefined;
  readonly STOREFRONT_PORT: number;
}

/** Whether the address of pictures says where the storefront API is, which usually shows them. */
export const saysStorefront = (filesUrl: string): boolean => filesUrl.replace(/\/+$/, '').endsWith(FILES_PATH);

/**
 * Where browsers reach the storefront API, without a slash at its end: for links in mails to customers of a shop that has
 * no address of its own. Pictures are usually shown by the same API under `/files`, so their address says it as well.
 */
export function storefrontUrl(config: StorefrontPlace): string {
  if (config.STOREFRONT_URL !== undefined) return config.STOREFRONT_URL;
  if (config.FILES_URL?.endsWith(FILES_PATH)) return config.FILES_URL.slice(0, -FILES_PATH.length);
  return `http://localhost:${config.STOREFRONT_PORT}`;
}
