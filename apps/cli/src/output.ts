/** How a command answers: one JSON document with `--json`, readable lines otherwise. */
export function answer(options: { json?: boolean }, document: unknown, lines: readonly string[]): void {
  process.stdout.write(options.json ? `${JSON.stringify(document)}\n` : `${lines.join('\n')}\n`);
}
