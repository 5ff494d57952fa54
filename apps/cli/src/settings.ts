/** Settings that only some commands need; each command names its own. Throws with every missing one named. */
export function needSettings<Name extends string>(
  names: readonly Name[],
  env: NodeJS.ProcessEnv = process.env,
): Record<Name, string> {
  const missing = names.filter((name) => !env[name]?.trim());
  if (missing.length > 0) {
    const lines = missing.map((name) => `  ${name}   ${MEANINGS[name] ?? ''}`.trimEnd());
    throw new Error(`This command needs settings that are not there:\n${lines.join('\n')}`);
  }
  return Object.fromEntries(names.map((name) => [name, env[name]])) as Record<Name, string>;
}

const MEANINGS: Record<string, string> = {
  DATABASE_ADMIN_URL:
    'an administrator of the PostgreSQL server, for example postgres://postgres:<password>@localhost:5432/postgres',
  DATABASE_URL: 'the app role, for example postgres://souk_app:<password>@localhost:5432/souk',
  DATABASE_RELAY_URL: 'the relay role, for example postgres://souk_relay:<password>@localhost:5432/souk',
  DATABASE_MIGRATE_URL: 'the migration role, for example postgres://souk_migrate:<password>@localhost:5432/souk',
};
