import postgres from 'postgres';

export interface RoleUrls {
  /** `souk_app`: what the APIs and the worker use. Owns nothing, bypasses nothing. */
  app: string;
  /** `souk_relay`: sees which companies have work waiting, and nothing else. */
  relay: string;
  /** `souk_migrate`: may become `souk_owner`; used by migrations only. */
  migrate: string;
}

// In milliseconds. Services run in short transactions: whoever holds a lock for longer is broken.
const APP_SETTINGS = {
  statement_timeout: 5_000,
  lock_timeout: 2_000,
  idle_in_transaction_session_timeout: 15_000,
  // Compiling a query takes longer than any of ours runs.
  jit: 'off',
};

const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

/**
 * Creates (or brings up to date) the roles and the database named in the URLs, connected as an administrator. May run
 * any number of times. Throws if two URLs name different databases or the role names are not the fixed ones.
 */
export async function prepareRoles(adminUrl: string, urls: RoleUrls): Promise<void> {
  const database = databaseOf(urls);
  const admin = postgres(adminUrl, { max: 1, onnotice: () => undefined });
  try {
    for (const statement of roleStatements(urls)) await admin.unsafe(statement);
    await refusePowerfulRoles(admin);
    const [exists] = await admin.unsafe('select 1 from pg_database where datname = $1', [database]);
    if (!exists)
      await admin.unsafe(`create database "${database}" owner souk_owner encoding 'UTF8' template template0`);
    await admin.unsafe(`revoke all on database "${database}" from public`);
    await admin.unsafe(`grant connect on database "${database}" to souk_app, souk_relay, souk_migrate`);
    await admin.unsafe(`grant create, connect on database "${database}" to souk_owner`);
  } finally {
    await admin.end({ timeout: 5 });
  }
  await prepareDatabase(adminUrl, database);
}

// New roles have none of these powers; a role that existed before may.
async function refusePowerfulRoles(admin: postgres.Sql) {
  const powerful = await admin.unsafe<{ rolname: string }[]>(
    "select rolname from pg_roles where rolname like 'souk\\_%' and (rolsuper or rolbypassrls or rolcreaterole)",
  );
  if (powerful.length === 0) return;
  const names = powerful.map(({ rolname }) => rolname).join(', ');
  throw new Error(`These roles have powers that break the walls (superuser, bypassrls or createrole): ${names}.`);
}

async function prepareDatabase(adminUrl: string, database: string) {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  const admin = postgres(url.href, { max: 1, onnotice: () => undefined });
  try {
    await admin.unsafe('grant usage, create on schema public to souk_owner');
    await admin.unsafe('revoke create on schema public from public');
    await admin.unsafe('grant usage, create on schema public to souk_search'); // its function (drizzle/walls.sql)
  } finally {
    await admin.end({ timeout: 5 });
  }
}

function roleStatements(urls: RoleUrls): string[] {
  const create = (role: string) =>
    `do $$ begin create role ${role}; exception when duplicate_object or unique_violation then null; end $$`;
  const login = (role: string, url: string) => `alter role ${role} login password ${literal(passwordOf(url))}`;
  const limit = (role: string) =>
    Object.entries(APP_SETTINGS).map(([setting, value]) => `alter role ${role} set ${setting} = ${value}`);
  return [
    ...['souk_owner', 'souk_search', 'souk_app', 'souk_relay', 'souk_migrate'].map(create),
    login('souk_app', urls.app),
    login('souk_relay', urls.relay),
    login('souk_migrate', urls.migrate),
    // It becomes the one or the other by SET ROLE. It must not inherit: a policy for souk_search would be one for it too.
    'alter role souk_migrate noinherit',
    'grant souk_owner to souk_migrate',
    'grant souk_search to souk_migrate',
    'grant souk_owner to current_user', // an administrator that is not superuser needs it to give the database away
    ...limit('souk_app'),
    ...limit('souk_relay'),
  ];
}

function databaseOf(urls: RoleUrls): string {
  const names = Object.entries({ souk_app: urls.app, souk_relay: urls.relay, souk_migrate: urls.migrate }).map(
    ([role, text]) => {
      const url = new URL(text);
      if (url.username !== role) throw new Error(`Expected the role ${role} in its URL, found "${url.username}".`);
      return url.pathname.slice(1);
    },
  );
  const [database = '', ...others] = new Set(names);
  if (others.length > 0)
    throw new Error(`The three database URLs name different databases: ${[database, ...others].join(', ')}.`);
  if (!/^[a-z_][a-z0-9_-]{0,62}$/.test(database))
    throw new Error(`"${database}" is not a database name we can create.`);
  return database;
}

function passwordOf(text: string): string {
  const password = decodeURIComponent(new URL(text).password);
  if (password === '') throw new Error(`The URL of ${new URL(text).username} has no password.`);
  return password;
}
