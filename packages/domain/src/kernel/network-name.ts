const IPV4_IN_IPV6 = '::ffff:';
const NETWORK_GROUPS = 4; // 64 bits: what one household or server is given
const GROUPS = 8;

/** Under which name an address is counted: an IPv4 address itself, of IPv6 the /64 network, whose owner has all of it. */
export function networkName(address: string): string {
  if (!address.includes(':')) return address;
  if (address.startsWith(IPV4_IN_IPV6)) return address.slice(IPV4_IN_IPV6.length);
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? [];
  const before = head === '' ? [] : head.split(':');
  const after = tail ? tail.split(':') : [];
  const zeros =
    tail === undefined ? [] : Array.from({ length: Math.max(0, GROUPS - before.length - after.length) }, () => '0');
  return `${[...before, ...zeros, ...after].slice(0, NETWORK_GROUPS).join(':')}::/64`;
}
