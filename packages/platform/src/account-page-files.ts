/**
 * The script of all account pages, for the browser. It speaks to where the page came from and to nobody else, by
 * relative paths, so that it also works behind a proxy that puts the API under a path.
 */
export const SCRIPT = `'use strict';
(() => {
  const form = document.querySelector('form');
  const alertBox = document.getElementById('alert');
  const done = document.getElementById('done');
  const button = form.querySelector('button');
  /** Ticked by whoever chooses a new password in place of giving the present one: the form goes elsewhere. */
  const instead = document.getElementById('instead');
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  // Out of the address bar, the history and over-the-shoulder sight.
  history.replaceState(null, '', location.pathname + location.search);

  const fields = [...form.elements].filter((element) => element.name);
  const noteOf = (field) => document.getElementById(field.name + '-error');

  function say(text) {
    alertBox.textContent = text;
    alertBox.hidden = text === '';
  }

  function mark(field, text) {
    noteOf(field).textContent = text;
    if (text === '') field.removeAttribute('aria-invalid');
    else field.setAttribute('aria-invalid', 'true');
  }

  /** The server's faults, each beside its field; what belongs to no field stands above the form. */
  function show(problem) {
    const faults = problem.errors || [];
    for (const field of fields) {
      const own = faults.find((fault) => fault.pointer === '/' + field.name);
      mark(field, own ? own.message : '');
    }
    const isOfField = faults.some((fault) => fields.some((field) => fault.pointer === '/' + field.name));
    const isOfLink = faults.some((fault) => fault.pointer === '/token');
    if (isOfLink) say('This link is not whole. Open it from the mail again, or copy all of it.');
    else say(isOfField ? 'Please look at what is marked below.' : problem.detail);
    const wrong = fields.find((field) => field.getAttribute('aria-invalid'));
    if (wrong) wrong.focus();
  }

  const emptyFields = () =>
    fields.filter((field) => field.value.trim() === '').map((field) => ({ pointer: '/' + field.name, message: field.dataset.empty }));

  async function send() {
    const body = { token };
    for (const field of fields) body[field.name] = field.value;
    const answer = await fetch(instead && instead.checked ? form.dataset.instead : form.dataset.to, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const given = await answer.json().catch(() => ({}));
    if (!answer.ok) return show(given.detail ? given : { detail: 'The server could not do it. Try again in a moment.' });
    form.reset();
    form.hidden = true;
    say('');
    done.hidden = false;
    done.focus();
    if (given.tokens) await letGo(given.tokens.accessToken);
  }

  /** Accepting an invite logs in, and this page has nothing to show to who is logged in: no session is left open. */
  async function letGo(accessToken) {
    await fetch('v1/auth/logout', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer ' + accessToken },
      body: '{}',
    }).catch(() => undefined);
  }

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const empty = emptyFields();
    if (empty.length > 0) return show({ errors: empty });
    button.disabled = true;
    try {
      await send();
    } catch {
      say('The server did not answer. Check the connection and try again.');
    } finally {
      button.disabled = false;
    }
  });

  const shown = document.getElementById('show');
  if (shown)
    shown.addEventListener('change', (event) => {
      form.elements.password.type = event.target.checked ? 'text' : 'password';
    });

  if (instead)
    instead.addEventListener('change', (event) => {
      form.elements.password.autocomplete = event.target.checked ? 'new-password' : 'current-password';
    });

  if (token) form.hidden = false;
  else say('This page needs the whole link from the mail. Open that link again, or copy all of it.');
})();
`;

/** The style of all account pages: one column, the fonts of the machine. */
export const STYLE = `:root { color-scheme: light dark; --line: #78716c; --bad: #b91c1c; --page: #f4f4f2; --card: #fff; --ink: #1c1917; --soft: #57534e; }
@media (prefers-color-scheme: dark) { :root { --line: #a8a29e; --bad: #fca5a5; --page: #1c1917; --card: #292524; --ink: #fafaf9; --soft: #d6d3d1; } }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0; padding: 2rem 1rem; background: var(--page); color: var(--ink); font: 1rem/1.6 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; }
main { max-width: 26rem; margin: 0 auto; padding: 2rem; background: var(--card); border-radius: .75rem; }
h1 { margin: 0 0 .5rem; font-size: 1.4rem; line-height: 1.3; }
p { margin: 0 0 1rem; }
label { display: block; font-weight: 600; }
.hint, .error { margin: 0 0 .25rem; font-size: .9rem; color: var(--soft); }
.error { color: var(--bad); }
.error:empty { display: none; }
input:not([type=checkbox]) { width: 100%; margin: .25rem 0; padding: .6rem .75rem; font: inherit; color: inherit; background: transparent; border: 1px solid var(--line); border-radius: .5rem; }
input[aria-invalid] { border-color: var(--bad); }
.field { margin: 0 0 1rem; }
.check { display: flex; gap: .5rem; align-items: center; margin: 0 0 1rem; font-weight: 400; }
button { width: 100%; padding: .75rem; font: inherit; font-weight: 600; color: var(--card); background: var(--ink); border: 0; border-radius: .5rem; cursor: pointer; }
button:disabled { opacity: .6; cursor: progress; }
:focus-visible { outline: 3px solid #2563eb; outline-offset: 2px; }
#alert { padding: .75rem; border: 1px solid var(--bad); border-radius: .5rem; color: var(--bad); }
`;
