import { escapeHtml } from './liquid-engine.ts';

const FOOTER = /<footer\b[^>]*>([\s\S]*?)<\/footer>/g;

/**
 * The frame every mail stands in: the name of the shop above, the contents on a sheet, the `<footer>` below it. Inline
 * styles and tables only, because that is what mail programs show. `contents` is clean HTML.
 */
export function framed(contents: string, { subject, companyName }: { subject: string; companyName: string }): string {
  const footers = [...contents.matchAll(FOOTER)].map(([, inside = '']) => inside.trim());
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(subject)}</title>
</head>
<body style="margin:0;padding:0;background:#f4f4f2">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="background:#f4f4f2"><tr><td align="center" style="padding:32px 16px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:520px">
<tr><td style="padding:0 4px 16px;font:600 15px/1.4 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;color:#57534e">${escapeHtml(companyName)}</td></tr>
<tr><td style="background:#ffffff;border:1px solid #e7e5e4;border-radius:12px;padding:32px;font:16px/1.6 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;color:#1c1917">
${contents.replace(FOOTER, '').trim()}
</td></tr>
<tr><td style="padding:16px 4px;font:13px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;color:#78716c">${footers.join('<br>')}</td></tr>
</table>
</td></tr></table>
</body>
</html>
`;
}
