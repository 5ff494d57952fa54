import { type Deployment, startBare } from './deployment.ts';
import { load } from './http-load.ts';
import { alternate, type Outcome } from './rounds.ts';

const CONNECTIONS = 16;
const SECONDS = 3;

/** A request that only authenticates an API key, against a bare route that does the same work for it. */
export async function benchApiKey({ storefrontUrl, company }: Deployment): Promise<Outcome> {
  const bare = await startBare('bare-server', [company.key]);
  const rate = (base: string) => async () => {
    const { requestsPerSecond, non2xx } = await load(`${base}/v1/key`, {
      connections: CONNECTIONS,
      seconds: SECONDS,
      headers: { 'x-api-key': company.key },
    });
    if (non2xx > 0) throw new Error(`${non2xx} answers of ${base}/v1/key were not 2xx: the measurement is void`);
    return requestsPerSecond;
  };
  try {
    const [ours = 0, base = 0] = await alternate([rate(storefrontUrl), rate(bare.url)]);
    return { name: 'request that only authenticates an API key', ours, bare: base, unit: 'requests/s', goal: 0.7 };
  } finally {
    await bare.stop();
  }
}
