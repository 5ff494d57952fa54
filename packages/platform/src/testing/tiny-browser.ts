import { runInNewContext } from 'node:vm';

interface Sent {
  readonly to: string;
  readonly body: Record<string, unknown>;
}

/** As much of an element of a page as our own scripts use. */
class TinyElement {
  hidden = false;
  disabled = false;
  checked = false;
  textContent = '';
  value = '';
  type = '';
  autocomplete = '';
  name = '';
  dataset: Record<string, string> = {};
  readonly attributes = new Map<string, string>();
  private readonly listeners = new Map<string, (event: unknown) => unknown>();

  constructor(readonly tag: string) {}

  getAttribute(name: string): string | null {
    return this.attributes.get(name) ?? null;
  }
  setAttribute(name: string, value: string): void {
    this.attributes.set(name, value);
  }
  removeAttribute(name: string): void {
    this.attributes.delete(name);
  }
  focus(): void {}
  addEventListener(type: string, listener: (event: unknown) => unknown): void {
    this.listeners.set(type, listener);
  }
  /** Runs what listens, to its end. */
  async fire(type: string): Promise<void> {
    const listener = this.listeners.get(type);
    if (!listener) throw new Error(`nothing listens to ${type} on <${this.tag}>`);
    await listener({ preventDefault: () => undefined, target: this });
  }
}

const ATTRIBUTE = /([\w-]+)(?:="([^"]*)")?/g;

/**
 * Runs the script of a page of ours in as much of a browser as it uses: every element of the page with its attributes, one
 * form, and a network that answers `answer` and notes what was sent.
 */
export function openPage(html: string, script: string, hash: string, answer: { status: number; body: unknown }) {
  const elements = elementsOf(html);
  const byId = (id: string) => elements.find((element) => element.getAttribute('id') === id) ?? null;
  const sent: Sent[] = [];
  const found = elements.find(({ tag }) => tag === 'form');
  if (!found) throw new Error('the page has no form');
  const inputs = elements.filter(({ tag }) => tag === 'input' || tag === 'button');
  const form = Object.assign(found, {
    elements: Object.assign(inputs, Object.fromEntries(inputs.map((input) => [input.name, input]))),
    querySelector: (tag: string) => elements.find((element) => element.tag === tag),
    reset: () => undefined,
  });
  runInNewContext(script, {
    document: { querySelector: () => form, getElementById: byId },
    location: { hash, pathname: '/account/page', search: '' },
    history: { replaceState: () => undefined },
    URLSearchParams,
    fetch: async (to: string, { body }: { body: string }) => {
      sent.push({ to, body: JSON.parse(body) });
      return { ok: answer.status < 400, json: async () => answer.body };
    },
  });
  return { form, byId, sent };
}

function elementsOf(html: string): TinyElement[] {
  return [...html.matchAll(/<(form|input|button|p|h1)\b([^>]*)>/g)].map(([, tag = '', attributes = '']) => {
    const element = new TinyElement(tag);
    for (const [, name = '', value = ''] of attributes.matchAll(ATTRIBUTE)) {
      element.setAttribute(name, value);
      if (name === 'hidden') element.hidden = true;
      if (name === 'name' || name === 'type' || name === 'autocomplete') element[name] = value;
      if (name.startsWith('data-')) element.dataset[name.slice('data-'.length)] = value;
    }
    return element;
  });
}
