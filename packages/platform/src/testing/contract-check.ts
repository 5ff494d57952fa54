import type { ErrorObject, ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

type Json = Record<string, unknown>;

/** An answer as it went over the wire. */
export interface WireAnswer {
  method: string;
  path: string;
  status: number;
  contentType: string | undefined;
  headers: Record<string, string | number | string[] | undefined>;
  body: string;
}

/** Headers that mean something to a client, so none of them may come undescribed. */
const OUR_HEADERS = ['etag', 'location', 'retry-after', 'ratelimit', 'ratelimit-policy', 'idempotency-replayed'];

interface Operation {
  form: RegExp;
  /** Fixed parts first: `/invites/acceptance` is not an id. */
  parameters: number;
  responses: Record<string, Json>;
}

/** The document promised something else than what was answered. */
export class ContractBroken extends Error {
  constructor({ method, path, status }: WireAnswer, what: string) {
    super(`${method} ${path.slice(0, 200)} answered ${status}, against its OpenAPI document: ${what}`);
    this.name = 'ContractBroken';
  }
}

/** Holds every answer against the OpenAPI document, so that a lie in a contract fails whichever test runs into it. */
export class ContractCheck {
  private readonly ajv: Ajv2020;
  private readonly operations: Record<string, Operation[]> = {};
  private readonly validators = new Map<string, ValidateFunction>();

  constructor(private readonly document: Json) {
    this.ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats.default(this.ajv);
    this.ajv.addSchema({ ...document, $id: 'openapi' });
    for (const [path, methods] of Object.entries(document['paths'] as Record<string, Json>)) {
      const form = new RegExp(`^${path.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`);
      for (const [method, operation] of Object.entries(methods)) {
        const { responses } = operation as { responses: Record<string, Json> };
        const known = this.operations[method.toUpperCase()] ?? [];
        known.push({ form, parameters: path.split('{').length, responses });
        this.operations[method.toUpperCase()] = known;
      }
    }
  }

  /** Throws `ContractBroken` if the answer is not one the document describes. */
  check(answer: WireAnswer): void {
    const operation = this.operationOf(answer);
    if (!operation) {
      this.checkUnrouted(answer);
      return;
    }
    const response = this.resolved(operation.responses[answer.status]);
    if (!response) throw new ContractBroken(answer, `it describes ${Object.keys(operation.responses).join(', ')}`);
    this.checkHeaders(answer, (response['headers'] ?? {}) as Record<string, Json>);
    const content = response['content'] as Record<string, { schema: Json }> | undefined;
    if (!content) {
      if (answer.body !== '') throw new ContractBroken(answer, 'it describes no body');
      return;
    }
    const type = answer.contentType?.split(';')[0] ?? '';
    const described = content[type];
    if (!described)
      throw new ContractBroken(answer, `it describes ${Object.keys(content).join(', ')}, and this is ${type}`);
    if (answer.method !== 'HEAD' && type.endsWith('json')) this.checkBody(answer, described.schema);
  }

  private checkHeaders(answer: WireAnswer, described: Record<string, Json>): void {
    const headers = new Map(
      Object.entries(described).map(([name, header]) => [name.toLowerCase(), this.resolved(header) ?? {}]),
    );
    for (const name of OUR_HEADERS) {
      if (answer.headers[name] !== undefined && !headers.has(name)) {
        throw new ContractBroken(answer, `it describes no header ${name}`);
      }
    }
    for (const [name, header] of headers) {
      const value = answer.headers[name];
      if (value === undefined) {
        if (header['required'] === true) throw new ContractBroken(answer, `the header ${name} is missing`);
        continue;
      }
      const validate = this.validatorOf(header['schema'] as Json);
      if (!validate(String(value))) throw new ContractBroken(answer, `${name}: ${value}: ${faultsIn(validate.errors)}`);
    }
  }

  private checkUnrouted(answer: WireAnswer): void {
    if (answer.status < 400) throw new ContractBroken(answer, 'it does not know this route');
    if (answer.method !== 'HEAD') this.checkBody(answer, { $ref: '#/components/schemas/Problem' });
  }

  private checkBody(answer: WireAnswer, schema: Json): void {
    const validate = this.validatorOf(schema);
    if (validate(JSON.parse(answer.body))) return;
    throw new ContractBroken(answer, `${faultsIn(validate.errors)}\n${answer.body.slice(0, 1_000)}`);
  }

  private validatorOf(schema: Json): ValidateFunction {
    const name = JSON.stringify(schema);
    const known = this.validators.get(name);
    if (known) return known;
    const validate = this.ajv.compile(JSON.parse(name.replaceAll('"#/', '"openapi#/')) as Json);
    this.validators.set(name, validate);
    return validate;
  }

  private operationOf({ method, path }: WireAnswer): Operation | undefined {
    const fitting = this.operations[method === 'HEAD' ? 'GET' : method]?.filter(({ form }) => form.test(path)) ?? [];
    return fitting.sort((a, b) => a.parameters - b.parameters)[0];
  }

  private resolved(response: Json | undefined): Json | undefined {
    const reference = response?.['$ref'];
    if (typeof reference !== 'string') return response;
    let found: unknown = this.document;
    for (const part of reference.slice(2).split('/')) found = (found as Json | undefined)?.[part];
    return found as Json | undefined; // a reference we wrote ourselves
  }
}

const faultsIn = (errors: ErrorObject[] | null | undefined) =>
  (errors ?? [])
    .map(({ instancePath, message, params }) => `${instancePath || '/'} ${message} ${JSON.stringify(params)}`)
    .join('; ');
