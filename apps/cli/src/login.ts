import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import type { Command } from 'commander';
import { type ApiOptions, apiUrl, overHttp } from './api.ts';
import { logIn } from './credentials.ts';
import { forgetLogin, saveLogin } from './logins.ts';
import { answer } from './output.ts';

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
  overHttp(program.command('logout').description('forget the login that was kept')).action((options: ApiOptions) => {
    const url = apiUrl(options);
    const was = forgetLogin(url);
    answer(options, { url, loggedOut: was }, [
      was ? `Nobody is logged in at ${url} any more.` : 'Nobody was logged in.',
    ]);
  });
}

async function enter(options: LoginOptions) {
  const url = apiUrl(options);
  const company = options.company ?? (process.env['SOUK_COMPANY'] || (await ask('Company (its handle): ')));
  const email = options.email ?? (process.env['SOUK_EMAIL'] || (await ask('Email: ')));
  const password = process.env['SOUK_PASSWORD'] || (await ask('Password: ', { isSecret: true }));
  const askCode = async () => process.env['SOUK_CODE'] || ask('Code of your authenticator app: ');
  const login = await logIn(url, { company, email, password }, askCode);
  saveLogin(url, login);
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
