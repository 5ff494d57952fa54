export const HANDLE_LENGTH_MIN = 3;
export const HANDLE_LENGTH_MAX = 40;

/** What a sandbox adds to the handle of its live company; nobody else may end like that. */
const SANDBOX_ENDING = '-test';

// Words that read as our own pages, hosts or people when they stand in front of a domain or in a mail.
const RESERVED: ReadonlySet<string> = new Set(
  `about abuse account accounts admin administrator api app apps assets auth billing blog cdn checkout company console
  dashboard demo-storefront dev developer developers docs download email example files ftp git graphql help hooks host
  hostmaster images imap info internal live localhost login logout mail marketing metrics mobile news noreply no-reply null
  oauth official ops owner payment payments platform pop postmaster press public register registration root sandbox
  security setup shop signin signup smtp souk sql ssl staff staging static status storefront store stores support system
  team test undefined webhook webhooks webmaster www`.split(/\s+/),
);

/** Whether a handle is ours to keep. */
export const isReservedHandle = (handle: string): boolean => RESERVED.has(handle);

/** Whether a handle would stand where somebody else's sandbox wants to be. */
export const looksLikeSandbox = (handle: string): boolean => handle.endsWith(SANDBOX_ENDING);

/** The handle of a company's sandbox: never shortened, so no two companies want the same one. */
export const sandboxHandle = (handle: string): string => handle + SANDBOX_ENDING;
