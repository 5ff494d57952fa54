import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import type { Command } from 'commander';
import { Api, type ApiOptions, apiUrl, overHttp } from './api.ts';
import { keptCredentials, LoginOver, logIn } from './credentials.ts';
import { forgetLogin, saveLogin } from './logins.ts';
import { answer } from './output.ts';

/** For the API to hear of a logout. */
const PATIENCE_MS = 5_000;

interface LoginOptions extends ApiOptions {
  company?: string;
  email?: string;
}

/** `souk login` and `souk logout`. */
export function loginCommands(program: Command): void {
  overHttp(
    program
      .command('login')
      .description('log in as staff and keep the login for the commands below; the password is SOUK_PASSWORD, or asked')
      .option('--company <handle>', 'the handle of the company (SOUK_COMPANY)')
      .option('--email <address>', '(SOUK_EMAIL)'),
  ).action(enter);
  overHttp(program.command('logout').description('end the login that was kept, and forget it')).action(leave);
}

async function leave(options: ApiOptions) {
  const url = apiUrl(options);
  const isEnded = await endSession(url);
  const was = await forgetLogin(url);
  const unsaid = isEnded
    ? ''
    : ' The API could not be told: until it runs out, the login stays good for whoever has a copy.';
  answer(options, { url, loggedOut: was, sessionEnded: was && isEnded }, [
    was ? `Nobody is logged in at ${url} any more.${unsaid}` : 'Nobody was logged in.',
  ]);
}

/** Whether the session of the login that was kept is over. */
async function endSession(url: string): Promise<boolean> {
  try {
    const kept = keptCredentials(url);
    if (!kept) return true;
    const { ok, status } = await new Api(url, kept).fetch(`${url}/v1/auth/logout`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    return ok || status === 401;
  } catch (error) {
    return error instanceof LoginOver;
  }
}

async function enter(options: LoginOptions) {
  const url = apiUrl(options);
  const company = options.company ?? (process.env['SOUK_COMPANY'] || (await ask('Company (its handle): ')));
  const email = options.email ?? (process.env['SOUK_EMAIL'] || (await ask('Email: ')));
  const password = process.env['SOUK_PASSWORD'] || (await ask('Password: ', { isSecret: true }));
  const askCode = async () => process.env['SOUK_CODE'] || ask('Code of your authenticator app: ');
  const login = await logIn(url, { company, email, password }, askCode);
  await saveLogin(url, login);
  answer(options, { url, company, email }, [`Logged in at ${url} as ${email} of "${company}".`]);
}

async function ask(question: string, { isSecret = false } = {}): Promise<string> {
  if (!process.stdin.isTTY)
    throw new Error(
      `${question.replace(/: $/, '')} is missing. Without a terminal, set SOUK_COMPANY, SOUK_EMAIL and SOUK_PASSWORD.`,
    );
  process.stderr.write(question);
  // Of what is typed, a password is not shown.
  const output = new Writable({
    write(piece, _encoding, done) {
      if (!isSecret) process.stderr.write(piece);
      done();
    },
  });
  const terminal = createInterface({ input: process.stdin, output, terminal: true });
  try {
    return (await terminal.question('')).trim();
  } finally {
    terminal.close();
    if (isSecret) process.stderr.write('\n');
  }
}
