import ipaddr from 'ipaddr.js';

// IANA IPv4 and IPv6 Special-Purpose Address Registries, and what cloud machines ask for their own secrets.
const CLOSED_V4 = [
  '0.0.0.0/8', // this network
  '10.0.0.0/8', // private
  '100.64.0.0/10', // shared by a provider's customers
  '127.0.0.0/8', // this machine
  '168.63.129.16/32', // what Azure's machines ask for their own settings
  '169.254.0.0/16', // this link; clouds' metadata
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, broadcast
].map((range) => ipaddr.IPv4.parseCIDR(range));

/** Everything public of IPv6 lies in here. What does not (`::1`, `fc00::/7`, `fe80::/10`, `ff00::/8` …) is closed. */
const OPEN_V6 = ipaddr.IPv6.parseCIDR('2000::/3');
const CLOSED_V6 = [
  '2001::/23', // protocol assignments; Teredo (2001::/32) carries an IPv4 address
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4 carries an IPv4 address
  '3fff::/20', // documentation
].map((range) => ipaddr.IPv6.parseCIDR(range));

const LOOPBACK_V4 = ipaddr.IPv4.parseCIDR('127.0.0.0/8');

/** Whether an IP address belongs to the public internet. An IPv4 address inside an IPv6 one (`::ffff:10.0.0.1`) counts as itself. */
export function isPublicAddress(address: string): boolean {
  const parsed = parse(address);
  if (!parsed) return false;
  if (parsed instanceof ipaddr.IPv4) return !CLOSED_V4.some((range) => parsed.match(range));
  return parsed.match(OPEN_V6) && !CLOSED_V6.some((range) => parsed.match(range));
}

/** Whether an IP address is this very machine's. */
export function isLoopback(address: string): boolean {
  const parsed = parse(address);
  return parsed instanceof ipaddr.IPv4 ? parsed.match(LOOPBACK_V4) : parsed?.toNormalizedString() === '0:0:0:0:0:0:0:1';
}

function parse(address: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  // Only what an operating system would say: no octal, no short forms, no zones.
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) return ipaddr.IPv4.parse(address);
  if (address.includes('%') || !ipaddr.IPv6.isValid(address)) return undefined;
  const parsed = ipaddr.IPv6.parse(address);
  return parsed.isIPv4MappedAddress() ? parsed.toIPv4Address() : parsed;
}
