import { Resolver } from 'node:dns';
import { isLocalName } from './guarded-url.ts';

const TIMEOUT_MS = 2_500;
const TRIES = 2;

/** One address of a name. */
export interface Found {
  address: string;
  family: number;
}

/** A name's addresses, all of them; as `dns.lookup` with `all: true`. */
export type Resolve = (
  host: string,
  options: { all: true },
  done: (error: Error | null, addresses: Found[]) => void,
) => void;

/**
 * Asks the name servers, and nothing else: not the system's list of hosts, which is for names inside. The system's own
 * look-up would also hold a thread that all other look-ups of the process wait for, as long as a name server keeps silent.
 */
export const publicNames: Resolve = (host, _options, done) => {
  if (isLocalName(host)) {
    const here = [
      { address: '127.0.0.1', family: 4 },
      { address: '::1', family: 6 },
    ];
    return process.nextTick(done, null, here);
  }
  // A new one each time: it reads anew which name servers this machine has.
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  const found: Found[][] = [[], []];
  let left = found.length;
  let failed: Error | null = null;
  const take = (place: number, family: number) => (error: Error | null, addresses: string[]) => {
    if (error) failed = error;
    else found[place] = addresses.map((address) => ({ address, family }));
    left -= 1;
    if (left > 0) return;
    const all = found.flat();
    done(all.length > 0 ? null : failed, all);
  };
  resolver.resolve4(host, take(0, 4));
  resolver.resolve6(host, take(1, 6));
};
