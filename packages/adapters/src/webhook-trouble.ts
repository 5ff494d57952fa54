import { AnswerTooLarge } from './guarded-connection.ts';
import { AnswerTooSlow } from './guarded-http.ts';
import { AddressRefused } from './guarded-url.ts';

/** What goes wrong on the way to a server, by the codes of Node, OpenSSL, the name servers and the client. */
const WORDS: Record<string, string> = {
  ECONNREFUSED: 'Nothing listens at this address.',
  ECONNRESET: 'The server broke the connection off.',
  EPIPE: 'The server broke the connection off.',
  UND_ERR_SOCKET: 'The server broke the connection off.',
  ETIMEDOUT: 'No connection came about in time.',
  UND_ERR_CONNECT_TIMEOUT: 'No connection came about in time.',
  EHOSTUNREACH: 'The server cannot be reached.',
  ENETUNREACH: 'The server cannot be reached.',
  ENOTFOUND: 'The host name has no address.',
  ENODATA: 'The host name has no address.',
  EBADNAME: 'The host name is none.',
  ESERVFAIL: 'The name servers could not say where the host is.',
  ETIMEOUT: 'The name servers did not answer.',
  EREFUSED: 'The name servers did not answer.',
  UND_ERR_HEADERS_OVERFLOW: 'The headers of the answer are too large.',
  CERT_HAS_EXPIRED: 'The TLS certificate has expired.',
  CERT_NOT_YET_VALID: 'The TLS certificate is not valid yet.',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'The TLS certificate is self-signed; one of a public authority is needed.',
  SELF_SIGNED_CERT_IN_CHAIN: 'The TLS certificate is signed by an authority that is not public.',
  UNABLE_TO_GET_ISSUER_CERT: 'The chain of the TLS certificate is not complete; the server should send all of it.',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'The TLS certificate is of an authority that is not public, or the server does not send the whole chain.',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'The TLS certificate is of an authority that is not public, or the server does not send the whole chain.',
  CERT_REVOKED: 'The TLS certificate was revoked.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'The TLS certificate is for another host name.',
  ERR_SSL_WRONG_VERSION_NUMBER: 'The server does not speak TLS at this port.',
  HTTPParserError: 'What came back is not HTTP.',
  EPROTO: 'No TLS connection came about: the server does not speak TLS at this port, or none that is safe.',
};
const OTHERWISE = 'The server cannot be reached, or broke off.';

/** Why there was no answer, as a sentence for the merchant. Never tells of our network, nor an address. */
export function troubleInWords(error: unknown): string {
  if (error instanceof AddressRefused) return error.message;
  if (error instanceof AnswerTooSlow) return `${error.message}.`;
  if (error instanceof AnswerTooLarge) return 'The server sent too much before its answer began.';
  for (const code of codesOf(error)) {
    const words = WORDS[code];
    if (words !== undefined) return words;
    if (/^ERR_(SSL|TLS)_/.test(code)) return WORDS['EPROTO'] ?? OTHERWISE;
  }
  return OTHERWISE;
}

function* codesOf(error: unknown): Generator<string> {
  for (let one: unknown = error; one instanceof Error; one = one.cause) {
    if ('code' in one && typeof one.code === 'string') yield one.code;
    yield one.name;
    if (one instanceof AggregateError) for (const each of one.errors) yield* codesOf(each);
  }
}
