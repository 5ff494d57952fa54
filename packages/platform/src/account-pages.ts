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

/**
 * Adds the two pages that links in mails lead to, `/accept-invite` and `/reset-password`: plain forms, so that a
 * deployment without a frontend of its own has working mails. The token stands behind `#` and never reaches our log.
 */
export function accountPages(fastify: FastifyInstance): void {
  serve(fastify, '/accept-invite', 'text/html; charset=utf-8', pageOf(ACCEPT_INVITE));
  serve(fastify, '/reset-password', 'text/html; charset=utf-8', pageOf(RESET_PASSWORD));
  serve(fastify, '/account/form.js', 'text/javascript; charset=utf-8', SCRIPT);
  serve(fastify, '/account/form.css', 'text/css; charset=utf-8', STYLE);
}

function serve(fastify: FastifyInstance, path: string, type: string, body: string): void {
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

const pageOf = ({ title, about, to, asksName, button, done }: Page) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<link rel="stylesheet" href="account/form.css">
<script src="account/form.js" defer></script>
</head>
<body>
<main>
<h1>${title}</h1>
<p id="alert" role="alert" hidden></p>
<form data-to="${to}" novalidate hidden>
<p>${about}</p>
${asksName ? NAME_FIELD : ''}<div class="field">
<label for="password">Password</label>
<p class="hint" id="password-hint">At least 8 characters; 15 or more are better.</p>
<input id="password" name="password" type="password" autocomplete="new-password" aria-describedby="password-hint password-error" data-empty="Please choose a password.">
<p class="error" id="password-error"></p>
</div>
<label class="check"><input type="checkbox" id="show"> Show the password</label>
<button>${button}</button>
</form>
<p id="done" role="status" tabindex="-1" hidden>${done}</p>
<noscript><p>This page needs JavaScript.</p></noscript>
</main>
</body>
</html>
`;
