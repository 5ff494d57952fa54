import type { IncomingMessage, ServerResponse } from 'node:http';
import type { MailboxMessage, MessageStore } from './mailbox-messages.ts';

const LOCAL_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);
const REFRESH_SECONDS = 5;
/** The page itself: its own style, frames of its own, nothing from anywhere else, no script at all. */
const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self'";
/** A message's own HTML: no script, no origin, pictures only from this machine; links open in a new tab. */
const BODY_POLICY =
  "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; " +
  'img-src data: http://localhost:* http://127.0.0.1:*';
const STYLE = `
  body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1c1c1c; }
  a { color: #0b57a4; } h1 { font-size: 1.3rem; } table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid #ddd; vertical-align: top; }
  th { font-weight: 600; white-space: nowrap; } pre { white-space: pre-wrap; background: #f5f5f5; padding: 1rem; }
  iframe { width: 100%; height: 70vh; border: 1px solid #ccc; background: #fff; } .quiet { color: #666; }`;

interface Answer {
  status: number;
  type: string;
  body: string | Uint8Array;
  headers?: Record<string, string>;
}

/** Answers one request to the mailbox's web page or its JSON. */
export function answerMailboxRequest(store: MessageStore, request: IncomingMessage, response: ServerResponse): void {
  const answer = answerTo(store, request);
  response.writeHead(answer.status, {
    'content-type': answer.type,
    'content-security-policy': PAGE_POLICY,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
    ...answer.headers,
  });
  response.end(request.method === 'HEAD' ? undefined : answer.body);
}

function answerTo(store: MessageStore, request: IncomingMessage): Answer {
  // A web page elsewhere could point its own host name at this machine and read the mail through the browser.
  const host = (request.headers.host ?? '').replace(/:\d+$/, '');
  if (!LOCAL_NAMES.has(host)) return problem(403, `This mailbox answers to localhost only, not to "${host}".`);
  const [path = '/'] = (request.url ?? '/').split('?');
  if (request.method === 'DELETE' && path === '/messages') {
    store.clear();
    return { status: 204, type: 'text/plain', body: '' };
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return problem(405, `${request.method} ${path} is not known here. Known: GET, and DELETE /messages.`);
  }
  if (path === '/') return page('Mailbox', listPage(store.all()), REFRESH_SECONDS);
  if (path === '/messages') return json(store.all().map(asJson));
  return oneMessage(store, path);
}

function oneMessage(store: MessageStore, path: string): Answer {
  const [, , id, part, number] = /^(\/(?:messages|mail)\/(\d+))(?:\/(html|attachments)(?:\/(\d+))?)?$/.exec(path) ?? [];
  const message = id ? store.byId(Number(id)) : undefined;
  if (!message) return problem(404, `There is nothing at ${path}. The list is at /, and as JSON at /messages.`);
  if (part === 'html') {
    const body = `<!doctype html><meta charset="utf-8"><base target="_blank">${message.html}`;
    return { status: 200, type: 'text/html; charset=utf-8', body, headers: { 'content-security-policy': BODY_POLICY } };
  }
  if (part === 'attachments') {
    const attachment = message.attachments[Number(number)];
    if (!attachment)
      return problem(404, `Message ${id} has ${message.attachments.length} attachments, counted from 0.`);
    const disposition = `attachment; filename*=UTF-8''${encodeURIComponent(attachment.filename)}`;
    const headers = { 'content-disposition': disposition };
    // Its own type is the sender's claim; as a download it needs none.
    return { status: 200, type: 'application/octet-stream', body: attachment.bytes, headers };
  }
  return path.startsWith('/mail/') ? page(message.subject, messagePage(message)) : json(asJson(message));
}

function asJson(message: MailboxMessage): Record<string, unknown> {
  const attachments = message.attachments.map((one) => ({
    filename: one.filename,
    mimeType: one.mimeType,
    size: one.bytes.length,
  }));
  return { ...message, attachments };
}

function json(value: unknown): Answer {
  return { status: 200, type: 'application/json; charset=utf-8', body: `${JSON.stringify(value, null, 2)}\n` };
}

function problem(status: number, detail: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body: `${detail}\n` };
}

function page(title: string, content: string, refreshSeconds?: number): Answer {
  const refresh = refreshSeconds ? `<meta http-equiv="refresh" content="${refreshSeconds}">` : '';
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width">${refresh}`;
  const body = `<!doctype html><html lang="en"><head>${head}<title>${safe(title)}</title><style>${STYLE}</style></head><body>${content}</body></html>`;
  return { status: 200, type: 'text/html; charset=utf-8', body };
}

function listPage(messages: MailboxMessage[]): string {
  if (messages.length === 0) {
    return '<h1>Mailbox</h1><p class="quiet">No mail yet. What Souk sends on this machine appears here; nothing leaves it.</p>';
  }
  const rows = messages
    .reverse()
    .map(
      (message) =>
        `<tr><td class="quiet">${time(message)}</td><td>${safe(message.recipients.join(', '))}</td>` +
        `<td><a href="/mail/${message.id}">${safe(message.subject || '(no subject)')}</a></td></tr>`,
    );
  return `<h1>Mailbox</h1><table><tr><th>When (UTC)</th><th>For</th><th>Subject</th></tr>${rows.join('')}</table>`;
}

function messagePage(message: MailboxMessage): string {
  const facts = [
    ['From', message.from],
    ['To', message.to],
    ['Delivered to', message.recipients.join(', ')],
    ['When (UTC)', time(message)],
  ].map(([name = '', value = '']) => `<tr><th>${safe(name)}</th><td>${safe(value)}</td></tr>`);
  const attachments = message.attachments.map(
    (one, position) =>
      `<li><a href="/messages/${message.id}/attachments/${position}">${safe(one.filename)}</a> ` +
      `<span class="quiet">${safe(one.mimeType)}, ${one.bytes.length} bytes</span></li>`,
  );
  const sandbox = 'sandbox="allow-popups allow-popups-to-escape-sandbox"';
  return [
    `<p><a href="/">All mail</a></p><h1>${safe(message.subject || '(no subject)')}</h1><table>${facts.join('')}</table>`,
    attachments.length > 0 ? `<h2>Attachments</h2><ul>${attachments.join('')}</ul>` : '',
    message.html ? `<p><iframe ${sandbox} title="Message" src="/messages/${message.id}/html"></iframe></p>` : '',
    message.text ? `<h2>As text</h2><pre>${linked(message.text)}</pre>` : '',
  ].join('');
}

function time(message: MailboxMessage): string {
  return message.receivedAt.toISOString().slice(0, 19).replace('T', ' ');
}

/** Text in which web addresses can be clicked. */
function linked(text: string): string {
  return safe(text).replace(/https?:\/\/[^\s<>"']+?(?=[.,;:!?)]*(?:\s|&lt;|&gt;|&quot;|$))/g, (url) => {
    return `<a href="${url}" rel="noreferrer" target="_blank">${url}</a>`;
  });
}

function safe(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '');
}
