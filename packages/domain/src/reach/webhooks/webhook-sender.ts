/** One signed request to a merchant's server. */
export interface WebhookRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Exactly the bytes that were signed, as UTF-8. */
  readonly body: string;
}

/** What the server answered, whatever it was. */
export interface WebhookAnswer {
  readonly statusCode: number;
  /** The `Retry-After` header in seconds from now, undefined if there is none that can be read. Not clamped. */
  readonly retryAfterSeconds: number | undefined;
  /** The first 4 KiB of the answer as text; never more than 64 KiB of it are read. */
  readonly body: string;
}

/** There was no answer, or none in time, or the address is not for us to ask. The message is for the merchant. */
export class NotDelivered extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = 'NotDelivered';
  }
}

/** Port: hands a webhook to a server that strangers named. */
export interface WebhookSender {
  /** One POST, no redirect, 15 s in all. Throws `NotDelivered`; never anything that tells of our network. */
  send(request: WebhookRequest): Promise<WebhookAnswer>;
  /** Why an address will not be asked, as a sentence; undefined: it may be. A name that does not resolve yet may be. */
  refusal(url: string): Promise<string | undefined>;
  /** For several webhooks to one endpoint, over one connection; close it after the batch. Never for two endpoints. */
  session?(): WebhookSession;
}

/** Sends one after the other, in the order of the calls. Two at once need two sessions. */
export interface WebhookSession {
  /** As `WebhookSender.send`. */
  send(request: WebhookRequest): Promise<WebhookAnswer>;
  /** Hangs up, whatever is on its way. */
  close(): void;
}
