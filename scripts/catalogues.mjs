// Pages written from the code for whoever builds against it: every event, every error. scripts/openapi.mjs writes them.

import { readdirSync, readFileSync } from 'node:fs';
import { STATUS_CODES } from 'node:http';
import { join } from 'node:path';
import ts from 'typescript';

const WRITTEN = 'Written by `node scripts/openapi.mjs`.';

/** docs/generated/events.md */
export function eventsPage(types) {
  const nouns = groupBy(types, nounOf);
  const parts = [...nouns].map(([noun, events]) => nounSection(noun, events));
  const index = [...nouns.keys()].map((noun) => `[\`${noun}\`](#${anchorOf(noun)})`).join(' · ');
  return `# Events

${WRITTEN} What a merchant's systems can hear of, as webhooks, at \`GET /v1/events\` and in the stream
\`GET /v1/events/stream\`. [docs/webhooks.md](../webhooks.md) says how. The same as JSON Schema, for code generators:
[events.schema.json](events.schema.json); from a running system, \`GET /v1/event-types\`.

Every event has the envelope \`{ "id", "type", "timestamp", "sequence", "data" }\`; made-up ones have \`"test": true\`
besides. \`sequence\` rises with the events about one thing, whose full snapshot is in \`data\`: drop what is older than what you
have (refunds are counted with their payment, stock with its variant). Below is what stands in \`data\`. New fields may come at any time, and
new types; a field that changes its meaning raises \`version\`.

${index}

${parts.join('\n')}`;
}

function nounSection(noun, events) {
  const rows = events.map(({ type, version, description }) => `| \`${type}\` | ${version} | ${cell(description)} |`);
  const samples = distinct(events, ({ schema }) => JSON.stringify(schema)).map(({ type, sample, schema }) => {
    const fields = fieldsOf(schema).map(([name, kind, about]) => `| \`${name}\` | ${cell(kind)} | ${cell(about)} |`);
    return `<details><summary>Sample and fields of <code>${type}</code></summary>

\`\`\`json
${JSON.stringify(sample, null, 2)}
\`\`\`

| Field | Type | |
|---|---|---|
${fields.join('\n')}

</details>
`;
  });
  return `## ${noun}

| Type | Version | When |
|---|---|---|
${rows.join('\n')}

${samples.join('\n')}`;
}

/** docs/generated/events.schema.json: a webhook's body is one of these. */
export function eventsSchema(types) {
  const instant = { type: 'string', format: 'date-time' };
  const first = new Map();
  /** Most events of a noun have the same data: it is written once. */
  const said = (type, schema) => {
    const text = JSON.stringify(schema);
    if (first.has(text)) return { $ref: `#/$defs/${first.get(text)}` };
    first.set(text, type);
    return schema;
  };
  const envelope = (type) => ({
    type: 'object',
    required: ['id', 'type', 'timestamp', 'sequence', 'data'],
    properties: {
      id: { type: 'string', pattern: '^evt_[0-9a-z]{26}$' },
      type: { const: type },
      timestamp: instant,
      sequence: { type: 'integer' },
      data: { $ref: `#/$defs/${type}` },
      test: { const: true, description: 'Made up, to try a receiver.' },
    },
  });
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Events',
    description: 'The body of a webhook.',
    oneOf: types.map(({ type, description }) => ({ description, ...envelope(type) })),
    $defs: Object.fromEntries(types.map(({ type, schema }) => [type, said(type, schema)])),
  };
}

const nounOf = ({ type }) => type.slice(0, type.indexOf('.'));
const anchorOf = (noun) => noun.toLowerCase();
const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function groupBy(items, keyOf) {
  const groups = new Map();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

const distinct = (items, keyOf) =>
  [...new Map([...items].reverse().map((item) => [keyOf(item), item])).values()].reverse();

/** Every field with its path, its type in words and what is said of it. */
function fieldsOf(schema, path = '') {
  const inner = withoutNull(schema);
  if (inner.type === 'array') return fieldsOf(inner.items ?? {}, `${path}[]`);
  return Object.entries(inner.properties ?? {}).flatMap(([name, field]) => {
    const at = path === '' ? name : `${path}.${name}`;
    return [[at, kindOf(field), field.description ?? ''], ...fieldsOf(field, at)];
  });
}

function kindOf(schema) {
  if (schema.anyOf) return schema.anyOf.map(kindOf).join(' or ');
  if (schema.oneOf) return 'one of several';
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.type === 'array') return `list of ${kindOf(schema.items ?? {})}`;
  if (schema.format === 'date-time') return 'time';
  return schema.type ?? 'anything';
}

const withoutNull = (schema) => schema.anyOf?.find(({ type }) => type !== 'null') ?? schema;

/** docs/generated/errors.md, from the classes of errors as they stand in the source. */
export function errorsPage(root) {
  const classes = new Map();
  const others = [];
  const sentences = new Map();
  for (const file of sourcesIn(root)) readErrors(file, { classes, others, sentences });
  const rows = [...classes.values()]
    .filter(({ name }) => isError(name, classes))
    .flatMap((one) => rowsOf(one, classes, sentences));
  const lines = [...rows, ...others]
    .sort((a, b) => (a.code === b.code ? a.status - b.status || compare(a.when, b.when) : compare(a.code, b.code)))
    .map(
      ({ code, status, when, says }) =>
        `| \`${code}\` | ${status} ${STATUS_CODES[status] ?? ''} | ${cell(when)} | ${cell(says)} |`,
    );
  return `# Errors

${WRITTEN} Every refusal of both APIs is \`application/problem+json\` (RFC 9457): \`type\`, \`title\` (the words of the status),
\`status\`, \`code\`, \`detail\`, \`errors\` and \`requestId\`. Branch on \`code\`, which is stable; show \`detail\` to people: it names
the cause and the way out, and its words may change. \`errors\` names the fields, each with a JSON pointer into the body (or
\`?name\` of the query), a code and a message. With a 429 or a 503 \`Retry-After\` says when to come back. After \`503
outcome_unknown\` repeat the request with the same \`Idempotency-Key\`.

| Code | Status | When | Says |
|---|---|---|---|
${[...new Set(lines)].join('\n')}
`;
}

const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

function sourcesIn(root) {
  const folders = ['packages/domain/src', 'packages/platform/src', 'packages/adapters/src'];
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !name.includes('testing'))
      .sort()
      .map((name) => join(root, folder, name)),
  );
}

function readErrors(file, { classes, others, sentences }) {
  const text = readFileSync(file, 'utf8');
  if (!/extends \w+|FST_ERR|code: '|throw new /.test(text)) return;
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const isHttp = file.includes(join('platform', 'src', 'http'));
  const walk = (node) => {
    if (ts.isClassDeclaration(node) && node.name) classes.set(node.name.text, classFrom(node));
    else if (isHttp) others.push(...refusalIn(node));
    // Of a class with several codes, the sentence stands where it is thrown.
    if (ts.isNewExpression(node) && node.arguments?.length >= 2 && ts.isStringLiteral(node.arguments[0]))
      sentences.set(`${node.expression.getText()} ${node.arguments[0].text}`, wordsOf(node.arguments[1]));
    ts.forEachChild(node, walk);
  };
  walk(source);
}

function classFrom(node) {
  const parent = node.heritageClauses?.find(({ token }) => token === ts.SyntaxKind.ExtendsKeyword)?.types[0];
  const construct = node.members.find(ts.isConstructorDeclaration);
  const said = superArgument(construct);
  return {
    name: node.name.text,
    parent: parent?.expression.getText(),
    codes: literalsOf(memberNamed('code', node, construct)),
    statuses: literalsOf(memberNamed('status', node, construct)).map(Number),
    when: docOf(node),
    says: said === undefined ? undefined : wordsOf(said),
  };
}

const memberNamed = (name, node, construct) =>
  [...node.members, ...(construct?.parameters ?? [])].find((member) => member.name?.getText() === name);

/** Literals a property is given, or that its type lists. */
function literalsOf(member) {
  const found = [];
  const walk = (node) => {
    if (ts.isStringLiteral(node) || ts.isNumericLiteral(node)) found.push(node.text);
    ts.forEachChild(node, walk);
  };
  if (member?.initializer) walk(member.initializer);
  else if (member?.type) walk(member.type);
  return found;
}

function superArgument(construct) {
  let found;
  const walk = (node) => {
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.SuperKeyword) found ??= node.arguments[0];
    else ts.forEachChild(node, walk);
  };
  if (construct?.body) walk(construct.body);
  return found;
}

/** A sentence with `…` for what is filled in. */
function wordsOf(node) {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (ts.isTemplateExpression(node))
    return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('');
  if (ts.isBinaryExpression(node)) return wordsOf(node.left) + wordsOf(node.right);
  return '…';
}

const docOf = (node) =>
  ts
    .getJSDocCommentsAndTags(node)
    .map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? '')
    .join(' ')
    .replace(/\s+/g, ' ')
    .trim();

function refusalIn(node) {
  if (
    ts.isPropertyAssignment(node) &&
    /^FST_ERR/.test(node.name.getText()) &&
    ts.isArrayLiteralExpression(node.initializer)
  ) {
    const [status, code, says] = node.initializer.elements;
    return [{ code: code.text, status: Number(status.text), when: '', says: wordsOf(says) }];
  }
  if (!ts.isObjectLiteralExpression(node)) return [];
  const given = (name) => node.properties.find((property) => property.name?.getText() === name)?.initializer;
  const [status, code, detail] = [given('status'), given('code'), given('detail')];
  if (!status || !code || !detail || !ts.isStringLiteral(code) || !ts.isNumericLiteral(status)) return [];
  return [{ code: code.text, status: Number(status.text), when: '', says: wordsOf(detail) }];
}

const isError = (name, classes) =>
  name === 'DomainError' || (classes.has(name) && isError(classes.get(name).parent ?? '', classes));

function inherited(one, field, classes) {
  if (one === undefined) return undefined;
  const own = one[field];
  return own !== undefined && own.length > 0 ? own : inherited(classes.get(one.parent), field, classes);
}

function rowsOf(one, classes, sentences) {
  if (one.name === 'DomainError') return [];
  const codes = inherited(one, 'codes', classes) ?? [];
  const [status] = inherited(one, 'statuses', classes) ?? [];
  if (codes.length === 0 || status === undefined) {
    throw new Error(
      `${one.name} has no code or no status that stands in its class: docs/generated/errors.md needs both.`,
    );
  }
  const says = inherited(one, 'says', classes) ?? '…';
  return codes.map((code) => {
    const thrown = sentences.get(`${one.name} ${code}`) ?? says;
    return { code, status, when: one.when, says: thrown === '…' ? '' : thrown };
  });
}
