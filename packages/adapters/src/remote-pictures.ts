import { RemoteFailed, type RemoteFetch, RemoteRefused } from '@souk/domain/catalog/files/remote-fetch';
import { AnswerTooLarge } from './guarded-connection.ts';
import type { GuardedHttp } from './guarded-http.ts';
import { AddressRefused } from './guarded-url.ts';

const REDIRECTS_MAX = 3;
const MEGABYTE = 1_048_576;
/** The server has it, and not now: another attempt may help. RFC 9110; 425 is RFC 8470. */
const COME_BACK = new Set([408, 425, 429]);

/** Fetches pictures that lie elsewhere with the guarded client, over at most three redirects. */
export function remotePictures(http: GuardedHttp): RemoteFetch {
  return {
    async fetch(address, { bytesMax, timeoutMs }) {
      const headers = { accept: 'image/avif,image/webp,image/*;q=0.9', 'user-agent': 'Souk' };
      const request = { url: address, headers, bytesMax, timeoutMs, redirectsMax: REDIRECTS_MAX };
      const answer = await http.send(request).catch((error: unknown) => {
        throw inWords(error, bytesMax);
      });
      if (answer.status === 200) return { content: told(answer.body, bytesMax) };
      await answer.end();
      const words = `The server there answered ${answer.status} instead of a picture.`;
      throw answer.status >= 500 || COME_BACK.has(answer.status) ? new RemoteFailed(words) : new RemoteRefused(words);
    },
  };
}

async function* told(body: AsyncIterable<Uint8Array>, bytesMax: number): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw inWords(error, bytesMax);
  }
}

function inWords(error: unknown, bytesMax: number): Error {
  if (error instanceof AddressRefused) return new RemoteRefused(error.message);
  if (error instanceof AnswerTooLarge)
    return new RemoteRefused(`The picture is larger than ${Math.floor(bytesMax / MEGABYTE)} MB.`);
  return new RemoteFailed(`${error instanceof Error ? error.message : String(error)}.`);
}
