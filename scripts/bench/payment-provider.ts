import type { BenchCompany } from './deployment.ts';

/** Has a company take payments by a provider, as its staff do. */
export async function setUpProvider(
  adminUrl: string,
  { handle, email, password }: BenchCompany,
  provider: 'manual' | 'paystack',
  credentials: Readonly<Record<string, string>>,
): Promise<void> {
  const json = { 'content-type': 'application/json' };
  const login = await fetch(`${adminUrl}/v1/auth/login`, {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ company: handle, email, password }),
  });
  const { tokens } = (await login.json()) as { tokens: { accessToken: string } };
  const headers = { ...json, authorization: `Bearer ${tokens.accessToken}` };
  const body = JSON.stringify(credentials);
  const set = await fetch(`${adminUrl}/v1/payment-providers/${provider}`, { method: 'PUT', headers, body });
  if (!set.ok) throw new Error(`the provider could not be set up: ${await set.text()}`);
}
