import type { FastifyInstance, FastifyReply } from 'fastify';
import { SCRIPT, STYLE } from './account-page-files.ts';

/** Our own script and style, our own API, and nothing else; a form that sends itself would put a password into an address. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

interface Page {
  readonly title: string;
  readonly about: string;
  /** Relative to the page: where the form goes. */
  readonly to: string;
  readonly asksName: boolean;
  /** Where the form goes if a new password is chosen with it; left out: it asks for a new one and nothing else. */
  readonly instead?: string;
  readonly button: string;
  readonly done: string;
}

const ACCEPT_INVITE: Page = {
  title: 'Accept the invite',
  about: 'Tell us your name and choose a password.',
  to: 'v1/invites/acceptance',
  asksName: true,
  button: 'Accept the invite',
  done: 'You are in. Log in with the address the invite was sent to and the password you have just chosen.',
};

const RESET_PASSWORD: Page = {
  title: 'Choose a new password',
  about: 'It replaces the one you had, and other devices are logged out.',
  to: 'v1/auth/password-resets',
  asksName: false,
  button: 'Save the new password',
  done: 'Your new password holds from now on. Log in with it.',
};

const VERIFY_CUSTOMER: Page = {
  title: 'Confirm your email address',
  about: 'With the password of your account, the shop knows that this address and the account are yours.',
  to: '../v1/account-links/verification',
  instead: '../v1/account-links/password-reset',
  asksName: false,
  button: 'Confirm the address',
  done: 'Thank you. Your address is confirmed; you can close this page and go on in the shop.',
};

const RESET_CUSTOMER: Page = {
  title: 'Choose a password',
  about: 'For your account at the shop. Other devices are logged out.',
  to: '../v1/account-links/password-reset',
  asksName: false,
  button: 'Save the password',
  done: 'Your new password holds from now on. Log in with it in the shop.',
};

/**
 * Adds the pages that links in mails to customers lead to while their shop has no address of its own, `/account/verify`
 * and `/account/reset-password`. As `accountPages`; they call routes that need no API key.
 */
export function customerPages(fastify: FastifyInstance): void {
  serve(fastify, '/account/verify', 'text/html; charset=utf-8', pageOf(VERIFY_CUSTOMER, ''));
  serve(fastify, '/account/reset-password', 'text/html; charset=utf-8', pageOf(RESET_CUSTOMER, ''));
  serveParts(fastify);
}

/**
 * Adds the two pages that links in mails lead to, `/accept-invite` and `/reset-password`: plain forms, so that a
 * deployment without a frontend of its own has working mails. The token stands behind `#` and never reaches our log.
 */
export function accountPages(fastify: FastifyInstance): void {
  serve(fastify, '/accept-invite', 'text/html; charset=utf-8', pageOf(ACCEPT_INVITE, 'account/'));
  serve(fastify, '/reset-password', 'text/html; charset=utf-8', pageOf(RESET_PASSWORD, 'account/'));
  serveParts(fastify);
}

function serveParts(fastify: FastifyInstance): void {
  serve(fastify, '/account/form.js', 'text/javascript; charset=utf-8', SCRIPT);
  serve(fastify, '/account/form.css', 'text/css; charset=utf-8', STYLE);
}

/** Serves a file of ours to browsers. */
export function serve(fastify: FastifyInstance, path: string, type: string, body: string): void {
  fastify.get(path, (_request, reply: FastifyReply) =>
    reply
      .header('content-type', type)
      .header('content-security-policy', POLICY)
      .header('cache-control', 'no-cache')
      .send(body),
  );
}

const NAME_FIELD = `<div class="field">
<label for="name">Your name</label>
<input id="name" name="name" autocomplete="name" aria-describedby="name-error" data-empty="Please write your name.">
<p class="error" id="name-error"></p>
</div>
`;

const NEW_PASSWORD_FIELD = `<div class="field">
<label for="password">Password</label>
<p class="hint" id="password-hint">At least 8 characters; 15 or more are better.</p>
<input id="password" name="password" type="password" autocomplete="new-password" aria-describedby="password-hint password-error" data-empty="Please choose a password.">
<p class="error" id="password-error"></p>
</div>
<label class="check"><input type="checkbox" id="show"> Show the password</label>
`;

const PRESENT_PASSWORD_FIELD = `<div class="field">
<label for="password">Password of your account</label>
<p class="hint" id="password-hint">The one you chose when you registered.</p>
<input id="password" name="password" type="password" autocomplete="current-password" aria-describedby="password-hint password-error" data-empty="Please write a password.">
<p class="error" id="password-error"></p>
</div>
<label class="check"><input type="checkbox" id="show"> Show the password</label>
<label class="check"><input type="checkbox" id="instead"> I did not register, or do not know the password: make this my new one. All devices are logged out.</label>
`;

/** `parts`: where script and style are, relative to the page. */
const pageOf = ({ title, about, to, instead, asksName, button, done }: Page, parts: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<link rel="stylesheet" href="${parts}form.css">
<script src="${parts}form.js" defer></script>
</head>
<body>
<main>
<h1>${title}</h1>
<p id="alert" role="alert" hidden></p>
<form data-to="${to}"${instead ? ` data-instead="${instead}"` : ''} novalidate hidden>
<p>${about}</p>
${asksName ? NAME_FIELD : ''}${instead ? PRESENT_PASSWORD_FIELD : NEW_PASSWORD_FIELD}<button>${button}</button>
</form>
<p id="done" role="status" tabindex="-1" hidden>${done}</p>
<noscript><p>This page needs JavaScript.</p></noscript>
</main>
</body>
</html>
`;
