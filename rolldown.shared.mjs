import { defineConfig } from 'rolldown';

/** Packages of the registry stay where they are; ours are TypeScript that Node cannot read, and the decorators' helpers are only in the bundle. */
const ours = /^(?:[./]|@souk\/|@oxc-project\/runtime)/;

/** How every app is built: one folder of ES modules for Node, with source maps, type metadata of decorators kept. */
export const appConfig = (input = { main: 'src/main.ts' }) =>
  defineConfig({
    input,
    platform: 'node',
    tsconfig: '../../tsconfig.base.json',
    external: (id) => !ours.test(id),
    output: {
      dir: 'dist',
      format: 'esm',
      sourcemap: true,
      cleanDir: true,
      // Class names are the names of schemas in the OpenAPI document.
      keepNames: true,
      // Flat: code finds the repository's folders by counting up from its own (`migrations-folder.ts`).
      entryFileNames: '[name].js',
      chunkFileNames: '[name]-[hash].js',
    },
  });
