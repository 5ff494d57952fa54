import type { Command } from 'commander';
import { type ApiOptions, apiOf, overHttp } from './api.ts';
import { comingMoment } from './moment.ts';
import { answer } from './output.ts';

interface KeyOptions extends ApiOptions {
  name: string;
  type: string;
  scope: string[];
  origin: string[];
  expires?: string;
}

/** `souk keys create`. */
export function keyCommands(program: Command): void {
  const keys = program.command('keys').description('API keys of a company');
  const several = (text: string, before: string[]) => [...before, ...text.split(',').filter(Boolean)];
  overHttp(
    keys
      .command('create')
      .description('make an API key; it is shown this once')
      .requiredOption('--name <name>')
      .option('--type <publishable|secret>', 'publishable: for browsers; secret: for servers', 'secret')
      .requiredOption('--scope <words>', 'scopes and permissions; several with commas, or again', several, [])
      .option('--origin <origins>', 'web origins a publishable key answers to', several, [])
      .option('--expires <time>', 'RFC 3339, or 12h, 90d from now; without it: never', comingMoment),
  ).action(create);
}

async function create(options: KeyOptions) {
  const { name, type, scope, origin, expires } = options;
  const made = await apiOf(options).call<{ id: string; key: string; scopes: string[] }>('POST', '/v1/api-keys', {
    name,
    type,
    scopes: scope,
    ...(origin.length > 0 && { allowedOrigins: origin }),
    ...(expires && { expiresAt: expires }),
  });
  answer(options, made, [`${made.id} is there, for ${made.scopes.join(', ')}.`, `Shown this once: ${made.key}`]);
}
