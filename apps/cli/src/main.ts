import { runSouk } from './run.ts';

process.exitCode = await runSouk(process.argv.slice(2));
