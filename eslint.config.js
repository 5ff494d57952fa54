import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/**
 * Biome formats and lints. ESLint is here for the two rules that need the type checker and that a shop cannot do
 * without: a promise nobody awaits is a write that may never happen, or that fails where nobody sees it.
 */
export default defineConfig(
  globalIgnores(['**/dist/**', '**/coverage/**', '**/.turbo/**', '.data/**']),
  {
    files: ['apps/**/*.ts', 'packages/**/*.ts'],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    plugins: { '@typescript-eslint': tseslint.plugin },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
    },
  },
  {
    // A query of drizzle or postgres.js is a thenable that sends nothing until it is awaited. Elsewhere the option
    // would only flag Fastify's reply, which is thenable as well and need not be awaited.
    files: ['packages/domain/**/*.ts'],
    rules: { '@typescript-eslint/no-floating-promises': ['error', { checkThenables: true }] },
  },
);
