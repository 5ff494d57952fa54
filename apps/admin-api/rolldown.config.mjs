import { appConfig } from '../../rolldown.shared.mjs';

// `describe` writes the OpenAPI document: scripts/openapi.mjs runs it under plain Node.
export default appConfig({ main: 'src/main.ts', describe: 'src/describe.ts' });
