import type { FieldFault } from '../../kernel/errors.ts';
import {
  composed,
  EmptyPart,
  filled,
  inPart,
  type Letter,
  type Part,
  PartFault,
  type Wording,
  WRITING,
} from './email-templates.ts';
import { LETTER_TAGS, TooDeep, tagsTakenOut } from './letter-html.ts';
import { LinkNotAlone } from './link-slot.ts';
import { namesIn } from './liquid-engine.ts';
import { type MailKind, type Place, variablesFor } from './mail-kinds.ts';
import { allowanceFor } from './template-allowance.ts';
import { TemplateFault } from './template-fault.ts';
import { hasPath, variableList } from './variable-list.ts';

const PARTS: readonly Part[] = ['subject', 'html', 'text'];
const UNKNOWN_TOLD = 5;

/** What words become when they are tried: a letter, or what keeps them from being used, each at its field. */
type Tried =
  | { readonly letter: Letter; readonly faults?: never }
  | { readonly letter?: never; readonly faults: readonly [FieldFault, ...FieldFault[]] };

/** Tries words within the time of one mail. Faults: broken Liquid, names that are not there, tags that are no mail's. */
export function tried(kind: MailKind, wording: Wording, parameters: object, place: Place): Tried {
  const allowance = allowanceFor('trial');
  const unknown = PARTS.flatMap((part) => unknownIn(kind, part, wording[part]));
  if (isSome(unknown)) return { faults: unknown };
  try {
    const parts = filled(wording, variablesFor(kind, parameters, place), allowance);
    const taken = tagsTakenOut(parts.html).map((tag) => ({
      pointer: '/html',
      code: 'tag_not_allowed',
      message: wordsFor(tag),
    }));
    return isSome(taken) ? { faults: taken } : { letter: composed(parts, place, allowance) };
  } catch (error) {
    return { faults: [faultOf(error)] };
  }
}

const isSome = (faults: readonly FieldFault[]): faults is readonly [FieldFault, ...FieldFault[]] => faults.length > 0;

/** The names in a part that this kind of mail does not have; or that its Liquid cannot be read. */
function unknownIn(kind: MailKind, part: Part, source: string | null): FieldFault[] {
  if (source === null) return [];
  try {
    const unknown = inPart(part, () => namesIn(WRITING[part], source)).filter(({ path }) => !hasPath(kind, path));
    return unknown.slice(0, UNKNOWN_TOLD).map(({ path, line, column }) => ({
      pointer: `/${part}`,
      code: 'unknown_variable',
      message: `Line ${line}, column ${column}: ${kind.name} has no ${path.join('.')}. It has ${namesOf(kind)}.`,
    }));
  } catch (error) {
    return [faultOf(error)];
  }
}

/** A fault of the words, at its field. Anything else is thrown on. */
function faultOf(error: unknown): FieldFault {
  if (error instanceof PartFault)
    return {
      pointer: `/${error.part}`,
      code: 'template_broken',
      message: `The template cannot be used. ${error.message}`,
    };
  if (error instanceof EmptyPart) return { pointer: `/${error.part}`, code: 'empty', message: error.message };
  if (error instanceof LinkNotAlone) return { pointer: '/html', code: 'link_not_alone', message: error.message };
  if (error instanceof TooDeep) return { pointer: '/html', code: 'too_deep', message: error.message };
  if (error instanceof TemplateFault) return { pointer: '/html', code: 'template_broken', message: error.message };
  throw error;
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
