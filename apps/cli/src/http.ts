import { z } from 'zod';

const PROBLEM = z.object({
  status: z.number(),
  code: z.string().catch('unknown'),
  title: z.string().catch(''),
  detail: z.string().optional(),
  errors: z.array(z.object({ pointer: z.string(), message: z.string() })).optional(),
  requestId: z.string().optional(),
});

export const WAY_IN =
  'Set SOUK_API_KEY to a secret API key that holds the permissions needed (souk keys create), or log in: souk login.';

/** The admin API said no. */
export class ApiRefused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly requestId?: string,
  ) {
    super(message);
    this.name = 'ApiRefused';
  }
}

/** Too many requests, or the API is starting or stopping: another attempt may be let in. */
export const mayPass = (error: unknown): boolean =>
  error instanceof NobodyAnswers || (error instanceof ApiRefused && (error.status === 429 || error.status >= 500));

/** There is no answer at all. */
export class NobodyAnswers extends Error {
  override name = 'NobodyAnswers';
}

/** `fetch`, with an error that says what to do when nobody answers: `NobodyAnswers`. */
export async function reach(url: string | URL, init?: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    const isLate = error instanceof Error && error.name === 'TimeoutError';
    if (init?.signal?.aborted && !isLate) throw error;
    throw new NobodyAnswers(
      `Nothing answers at ${new URL(url).origin} (${reasonOf(error)}). Is Souk running there? ` +
        'Name another place with --url or SOUK_URL.',
    );
  }
}

/** A refusal in the words of the API. */
export async function refusalOf(answer: Response): Promise<ApiRefused> {
  const parsed = PROBLEM.safeParse(await answer.json().catch(() => undefined));
  if (!parsed.success) return new ApiRefused(answer.status, 'unknown', `The API answered ${answer.status}.`);
  const { status, code, title, detail, errors = [], requestId } = parsed.data;
  const lines = errors.map(({ pointer, message }) => `  ${pointer}: ${message}`);
  const wayOut = status === 401 ? [WAY_IN] : [];
  return new ApiRefused(status, code, [detail ?? title, ...lines, ...wayOut].join('\n'), requestId);
}

function reasonOf(error: unknown): string {
  for (let one: unknown = error; one instanceof Error; one = one.cause) {
    if ('code' in one && typeof one.code === 'string') return one.code;
  }
  return error instanceof Error ? error.message : String(error);
}
