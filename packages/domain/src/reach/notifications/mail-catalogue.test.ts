import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { MAIL_KINDS } from './email-templates.ts';
import { FILTERS, TAGS } from './liquid-engine.ts';
import type { MailKind } from './mail-kinds.ts';
import { variableList } from './variable-list.ts';

const PAGE = fileURLToPath(new URL('../../../../../docs/generated/mails.md', import.meta.url));

const rowsOf = (kind: MailKind) =>
  variableList(kind).map(
    ({ name, type, isOptional, about }) =>
      `| \`${name}\` | ${type}${isOptional ? ', may be missing' : ''} | ${about.replaceAll('|', String.raw`\|`)} |`,
  );

const sectionOf = (kind: MailKind) =>
  [
    `## ${kind.name}`,
    '',
    `${kind.about} To ${kind.to === 'customer' ? 'the customer' : 'staff'}. Because of ${kind.events.map((type) => `\`${type}\``).join(', ')}.`,
    ...(kind.instead === undefined ? [] : [`Cannot be sent again: ${kind.instead}`]),
    ...['', '| Variable | Is | Says |', '| --- | --- | --- |', ...rowsOf(kind), ''],
  ].join('\n');

test('docs/generated/mails.md lists every mail with what it may say (npx vitest run mail-catalogue -u writes it)', async () => {
  const words = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ');
  const head = [
    '# Mails',
    '',
    'Written by `npx vitest run mail-catalogue -u`. How to use it: [../notifications.md](../notifications.md).',
    '',
    `Tags: ${words(TAGS)}. Filters: ${words(FILTERS)}.`,
    '',
  ].join('\n');
  await expect(`${head}\n${MAIL_KINDS.map(sectionOf).join('\n')}`).toMatchFileSnapshot(PAGE);
});
