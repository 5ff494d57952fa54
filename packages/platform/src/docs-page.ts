import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { ApiDescription } from './api-description.ts';
import { openApiDocument } from './openapi/document.ts';

const SCRIPT = 'standalone.js';
const YEAR_MS = 365 * 24 * 3_600_000;

/** The page runs our own files and talks to this host only. Scalar writes its styles into the page. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** What of Scalar calls another host, sells another product or keeps a visitor's key: all of it off. */
const SCALAR = {
  url: '/openapi.json',
  withDefaultFonts: false,
  telemetry: false,
  persistAuth: false,
  proxyUrl: '',
  hideClientButton: true,
  showDeveloperTools: 'never',
  agent: { disabled: true, hideAddApi: true },
  mcp: { disabled: true },
  documentDownloadType: 'direct',
  defaultHttpClient: { targetKey: 'shell', clientKey: 'curl' },
};

/** Adds `/openapi.json`, and `/docs`: a reference page made of our own files that asks no other host for anything. */
export async function docsRoutes(fastify: FastifyInstance, api: ApiDescription): Promise<void> {
  const script = scalarScript();
  const folder = `/docs/${versionOf(script)}`;
  await fastify.register(fastifyStatic, { root: path.dirname(script), serve: false });
  const document = once(() => JSON.stringify(openApiDocument(api)));
  const page = pageOf(api, folder);
  const start = `Scalar.createApiReference('#reference', ${JSON.stringify(SCALAR)});\n`;

  fastify.get('/openapi.json', (_request, reply) => answer(reply, 'application/json; charset=utf-8', document()));
  fastify.get('/docs', (_request, reply) =>
    answer(reply.header('content-security-policy', POLICY), 'text/html; charset=utf-8', page),
  );
  fastify.get('/docs/start.js', (_request, reply) => answer(reply, 'text/javascript; charset=utf-8', start));
  // The folder is named after the version, so a browser may keep it for ever.
  fastify.get(`${folder}/${SCRIPT}`, (_request, reply) =>
    reply.removeHeader('cache-control').sendFile(SCRIPT, { maxAge: YEAR_MS, immutable: true }),
  );
}

/** Scalar's script for browsers, whole in one file. Its package exports no path to it. */
function scalarScript(): string {
  const main = createRequire(import.meta.url).resolve('@scalar/api-reference');
  return path.join(path.dirname(main), 'browser', SCRIPT);
}

function versionOf(script: string): string {
  const manifest: { version: string } = JSON.parse(
    readFileSync(path.join(path.dirname(script), '..', '..', 'package.json'), 'utf8'),
  );
  return manifest.version;
}

function answer(reply: FastifyReply, type: string, body: string): FastifyReply {
  return reply.header('content-type', type).header('cache-control', 'no-cache').removeHeader('vary').send(body);
}

const pageOf = ({ name }: ApiDescription, folder: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Souk ${name} API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
</head>
<body>
<div id="reference"></div>
<script src="${folder}/${SCRIPT}"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
