import autocannon from 'autocannon';

export interface Load {
  requestsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  non2xx: number;
}

/** Loads one URL on loopback for some seconds. Throws for any other host: a load test is never aimed elsewhere. */
export async function load(
  url: string,
  options: {
    connections: number;
    seconds: number;
    headers?: Record<string, string>;
    overallRate?: number;
    requests?: autocannon.Request[];
  },
): Promise<Load> {
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname))
    throw new Error(`${url} is not on loopback`);
  const { connections, seconds, ...more } = options;
  const result = await autocannon({ url, connections, duration: seconds, ...more });
  return {
    requestsPerSecond: result.requests.average,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    non2xx: result.non2xx + result.errors + result.timeouts,
  };
}
