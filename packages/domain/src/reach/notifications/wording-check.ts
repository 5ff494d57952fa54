import type { FieldFault } from '../../kernel/errors.ts';
import { EmptyPart, type Wording, written } from './email-templates.ts';
import { LETTER_TAGS, TooDeep, tagsTakenOut } from './letter-html.ts';
import { fillIn, namesIn, TemplateFault, type Writing } from './liquid-engine.ts';
import { type MailKind, type Place, variablesFor } from './mail-kinds.ts';
import { hasPath, variableList } from './variable-list.ts';

const PARTS: readonly { part: 'subject' | 'html' | 'text'; writing: Writing }[] = [
  { part: 'subject', writing: 'plain' },
  { part: 'html', writing: 'html' },
  { part: 'text', writing: 'plain' },
];
const UNKNOWN_TOLD = 5;

/** What keeps words from being used, each at its field: broken Liquid, names that are not there, tags that are no mail's. */
export function faultsOfWording(kind: MailKind, wording: Wording, parameters: object, place: Place): FieldFault[] {
  const variables = variablesFor(kind, parameters, place);
  const faults = PARTS.flatMap(({ part, writing }) => {
    const source = wording[part];
    return source === null ? [] : faultsOfPart(kind, { part, writing, source }, variables);
  });
  return faults.length > 0 ? faults : faultsOfWhole(wording, variables, place);
}

function faultsOfPart(
  kind: MailKind,
  { part, writing, source }: { part: string; writing: Writing; source: string },
  variables: object,
): FieldFault[] {
  const pointer = `/${part}`;
  try {
    const unknown = namesIn(writing, source).filter(({ path }) => !hasPath(kind, path));
    if (unknown.length > 0)
      return unknown.slice(0, UNKNOWN_TOLD).map(({ path, line, column }) => ({
        pointer,
        code: 'unknown_variable',
        message: `Line ${line}, column ${column}: ${kind.name} has no ${path.join('.')}. It has ${namesOf(kind)}.`,
      }));
    const taken = part === 'html' ? tagsTakenOut(fillIn(writing, source, variables, 'trial')) : [];
    return taken.map((tag) => ({ pointer, code: 'tag_not_allowed', message: wordsFor(tag) }));
  } catch (error) {
    if (!(error instanceof TemplateFault)) throw error;
    const message = `The template cannot be used. ${error.message}`;
    return [{ pointer, code: 'template_broken', message }];
  }
}

/** What shows only when the mail is put together. */
function faultsOfWhole(wording: Wording, variables: Record<string, unknown>, place: Place): FieldFault[] {
  try {
    written(wording, variables, place, 'trial');
    return [];
  } catch (error) {
    if (error instanceof EmptyPart) return [{ pointer: `/${error.part}`, code: 'empty', message: error.message }];
    if (error instanceof TemplateFault) return [{ pointer: '/html', code: 'link_not_alone', message: error.message }];
    if (error instanceof TooDeep) return [{ pointer: '/html', code: 'too_deep', message: error.message }];
    throw error;
  }
}

const namesOf = (kind: MailKind): string =>
  variableList(kind)
    .map(({ name }) => name)
    .join(', ');

const FRAME = new Set(['!doctype', 'html', 'head', 'body', 'meta', 'title', 'style']);
const wordsFor = (tag: string): string =>
  FRAME.has(tag)
    ? `<${tag}> has no place here: send only what stands inside the body, with styles on the elements; the frame is put around it.`
    : `<${tag}> has no place in a mail. Allowed are ${LETTER_TAGS.join(', ')}.`;
