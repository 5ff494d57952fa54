/** Port: fetches what lies elsewhere, where strangers say. It never reaches into our own network. */
export interface RemoteFetch {
  /**
   * The bytes at an address, as they come. Throws `RemoteRefused` if asking again is useless (no such thing, an address
   * that is not for us, too many bytes), `RemoteFailed` if another attempt may help. Also the reading of `content` throws.
   */
  fetch(
    address: string,
    limits: { bytesMax: number; timeoutMs: number },
  ): Promise<{ content: AsyncIterable<Uint8Array> }>;
}

/** There is nothing to be had at this address, now or later. */
export class RemoteRefused extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'RemoteRefused';
  }
}

/** It did not work this time. The message is for whoever waits for the picture. */
export class RemoteFailed extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'RemoteFailed';
  }
}
