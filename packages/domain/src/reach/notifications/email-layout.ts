/** What an email says. Plain text throughout: the layout escapes it. */
export interface EmailBody {
  readonly heading: string;
  readonly paragraphs: readonly string[];
  readonly button?: { readonly label: string; readonly url: string };
  /** Small print: why this came, and what to do if it was not meant for the reader. */
  readonly footnote: string;
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text for an HTML document or a quoted attribute. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

/** The email for readers without HTML. */
export function asText(body: EmailBody, companyName: string): string {
  const button = body.button ? [`${body.button.label}:\n${body.button.url}`] : [];
  return `${[body.heading, ...body.paragraphs, ...button, `--\n${body.footnote}\n${companyName}`].join('\n\n')}\n`;
}

/** The email as HTML: inline styles and tables only, because that is what mail programs show. Nothing is fetched. */
export function asHtml(body: EmailBody, companyName: string): string {
  const paragraphs = body.paragraphs.map((text) => `<p style="margin:0 0 16px">${escapeHtml(text)}</p>`).join('\n');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(body.heading)}</title>
</head>
<body style="margin:0;padding:0;background:#f4f4f2">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="background:#f4f4f2"><tr><td align="center" style="padding:32px 16px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:520px">
<tr><td style="padding:0 4px 16px;font:600 15px/1.4 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;color:#57534e">${escapeHtml(companyName)}</td></tr>
<tr><td style="background:#ffffff;border:1px solid #e7e5e4;border-radius:12px;padding:32px;font:16px/1.6 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;color:#1c1917">
<h1 style="margin:0 0 16px;font-size:22px;line-height:1.3">${escapeHtml(body.heading)}</h1>
${paragraphs}${buttonOf(body)}
</td></tr>
<tr><td style="padding:16px 4px;font:13px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;color:#78716c">${escapeHtml(body.footnote)}</td></tr>
</table>
</td></tr></table>
</body>
</html>
`;
}

// The address stands below the button as well: some programs show no link, and a reader may want to see where it leads.
function buttonOf({ button }: EmailBody): string {
  if (!button) return '';
  const url = escapeHtml(button.url);
  return `
<p style="margin:24px 0"><a href="${url}" style="display:inline-block;background:#1c1917;color:#ffffff;text-decoration:none;font-weight:600;padding:12px 24px;border-radius:8px">${escapeHtml(button.label)}</a></p>
<p style="margin:0;font-size:13px;color:#78716c;word-break:break-all">${url}</p>`;
}
