import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { isLoopback, isPublicAddress } from './public-address.ts';

const PORTS = new Set([80, 443, 8_080, 8_443]);
const DEFAULT_PORTS: Record<string, number> = { 'http:': 80, 'https:': 443 };
/** Names that never belong to the public internet: RFC 6761, 6762, 8375, and `internal`, which ICANN set aside. */
const CLOSED_NAMES = /(?:^|\.)(?:localhost|local|internal|home\.arpa)$/;
const LOCAL_NAME = /^(?:.+\.)?localhost$/;
/** How it begins, then what stands before the path: user, host and port as they were written. */
const WRITTEN = /^(?:https?:)?\/\/([^/?#]*)/i;
const NOT_PUBLIC = 'The address is not on the public internet.';

/** This address is not for us to ask: its form, its port, or where it leads. The reason never says where that is. */
export class AddressRefused extends Error {
  constructor(reason = NOT_PUBLIC) {
    super(reason);
    this.name = 'AddressRefused';
  }
}

/** What may be asked. */
export interface Reach {
  /** This very machine may, on any port. */
  readonly allowsLoopback: boolean;
  /** Whether a connection to this IP address and port may be made. */
  may(address: string, port: number): boolean;
}

/** The public internet; with `allowLoopback` this machine as well. `ownPorts` are where Souk listens: never on this machine. */
export function reachOf(allowLoopback: boolean, ownPorts: readonly number[]): Reach {
  const own = new Set(ownPorts);
  return {
    allowsLoopback: allowLoopback,
    may: (address, port) =>
      (isPublicAddress(address) || (allowLoopback && isLoopback(address))) &&
      !(own.has(port) && isOfThisMachine(address)),
  };
}

function isOfThisMachine(address: string): boolean {
  if (isLoopback(address)) return true;
  return Object.values(networkInterfaces()).some((all) => all?.some((one) => one.address === address));
}

/** Whether this host is a name, which is looked up, and not an IP address. */
export const isName = (host: string): boolean => isIP(bare(host)) === 0;
/** Whether this name means this very machine, whatever a name server says. RFC 6761. */
export const isLocalName = (host: string): boolean => LOCAL_NAME.test(host);
export const portOf = ({ port, protocol }: URL): number =>
  port === '' ? (DEFAULT_PORTS[protocol] ?? 0) : Number(port);
const bare = (host: string) => host.replace(/^\[|\]$/g, '');

/**
 * The URL, if its form is one that we ask; what its name resolves to is looked at later. `from` is what a redirect came
 * from. Throws `AddressRefused`.
 */
export function checkedUrl(text: string, reach: Reach, from?: URL): URL {
  if (hasControls(text) || !URL.canParse(text, from?.href)) throw new AddressRefused('This is not an address.');
  const url = new URL(text, from);
  const { protocol, hostname, username, password } = url;
  if (!(protocol in DEFAULT_PORTS)) throw new AddressRefused('Only http:// and https:// are fetched.');
  if (username !== '' || password !== '') throw new AddressRefused('The address holds a user name or a password.');
  const written = writtenHost(text, from);
  if (hostname.endsWith('.') || written?.endsWith('.')) throw new AddressRefused('The host name ends in a dot.');
  if (isName(hostname)) checkName(hostname, reach);
  // 0x7f.1, 2130706433 and 0177.0.0.1 were made 127.0.0.1 by the parser: whoever writes so hides something.
  else if (written !== undefined && isIP(hostname) === 4 && written !== hostname)
    throw new AddressRefused('The host is an IP address in an odd spelling.');
  checkPlace(url, reach);
  return url;
}

function checkPlace(url: URL, reach: Reach): void {
  const port = portOf(url);
  const host = bare(url.hostname);
  const isHere = isLocalName(host) || isLoopback(host);
  if (!PORTS.has(port) && !(reach.allowsLoopback && isHere))
    throw new AddressRefused('Only the ports 80, 443, 8080 and 8443 are asked.');
  if (reach.allowsLoopback && isHere && !reach.may('127.0.0.1', port))
    throw new AddressRefused('This is the address of Souk itself.');
  if (!isName(host) && !reach.may(host, port)) throw new AddressRefused();
}

function checkName(host: string, { allowsLoopback }: Reach): void {
  if (allowsLoopback && isLocalName(host)) return;
  if (!host.includes('.') || CLOSED_NAMES.test(host)) throw new AddressRefused();
}

/** The host as somebody wrote it, in lower case; undefined: the text is a path that keeps the host it came from. */
function writtenHost(text: string, from: URL | undefined): string | undefined {
  const written = WRITTEN.exec(text)?.[1]?.toLowerCase();
  if (written === undefined) {
    // `http:\\host`, `http:host` and `\\host` name a host too, in ways that only browsers know.
    const namesHost = from === undefined || URL.canParse(text) || /^[\\/]{2}/.test(text);
    if (namesHost) throw new AddressRefused('The address should begin with http:// or https:// and a host.');
    return undefined;
  }
  if (written === '' || /[%\\@ ]/.test(written))
    throw new AddressRefused('The host name holds characters that belong in none.');
  return written.replace(/:\d*$/, '');
}

/** Tabs and line ends inside a URL are dropped by its parser, so that `/\t/host` would become `//host`. */
const hasControls = (text: string) => [...text].some((one) => one < ' ' || one === '\u007f');
