import { z } from 'zod';
import { dtoOf } from './contract-class.ts';

/** For `@Query()` of a route that takes no parameters: those somebody sends anyway are refused, never ignored. */
export class NoQueryDto extends dtoOf(z.strictObject({})) {}
