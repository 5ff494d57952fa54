import helmet from '@fastify/helmet';
import { fastify } from 'fastify';

const HSTS_SECONDS = 365 * 24 * 3_600;

/**
 * The headers helmet would set on each answer, taken down once: they are always the same, and setting a dozen headers
 * one by one is a noticeable part of a short request. The pages have policies of their own (`docs-page.ts`, `account-pages.ts`).
 */
export async function securityHeaders(): Promise<Record<string, string>> {
  const probe = fastify();
  await probe.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    strictTransportSecurity: { maxAge: HSTS_SECONDS, includeSubDomains: true },
    referrerPolicy: { policy: 'no-referrer' },
    // Answers are read by scripts of other origins; who may is decided by CORS.
    crossOriginResourcePolicy: { policy: 'cross-origin' },
    frameguard: { action: 'deny' },
    // For pages, and for browsers of long ago: an API's answers have no use for these.
    crossOriginOpenerPolicy: false,
    dnsPrefetchControl: false,
    ieNoOpen: false,
    originAgentCluster: false,
    permittedCrossDomainPolicies: false,
    xssFilter: false,
  });
  probe.get('/', async () => '');
  const { headers } = await probe.inject('/');
  await probe.close();
  const ofTransfer = new Set(['content-type', 'content-length', 'date', 'connection', 'keep-alive']);
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (ofTransfer.has(name) ? [] : [[name, String(value)]])),
  );
}
